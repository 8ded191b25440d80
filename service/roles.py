"""Commands for those who run the service, or ask one. Each parses, calls, and shows."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from service.settings import load_settings

console = Console(stderr=True)

Host = Annotated[
    str | None, typer.Option(help="Address to listen on [default: 127.0.0.1, this machine alone]")
]
RestPort = Annotated[int | None, typer.Option(help="Of REST and the documentation [default: 8000]")]
GrpcPort = Annotated[int | None, typer.Option(help="Of gRPC [default: 50051]")]
ModelName = Annotated[
    str | None, typer.Option("--model", help="Name of a model; see `remocap models`.")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N or auto.")]
DataDir = Annotated[Path | None, typer.Option(help="Where videos, results and the queue lie.")]


def serve(
    host: Host = None,
    rest_port: RestPort = None,
    grpc_port: GrpcPort = None,
    model: ModelName = None,
    device: Device = None,
    data_dir: DataDir = None,
) -> None:
    """Run the whole service on this machine: fronts, media, worker, and a Redis of its own.

    Ctrl-C finishes what is in hand and ends; another one ends at once.
    """
    from service.serve import serve as run

    settings = load_settings(
        host=host,
        rest_port=rest_port,
        grpc_port=grpc_port,
        model=model,
        device=device,
        data_dir=data_dir,
    )
    sys.exit(run(settings, console))


def api(host: Host = None, rest_port: RestPort = None, grpc_port: GrpcPort = None) -> None:
    """Run the api role: REST, its documentation, and gRPC.

    Needs REMOCAP_REDIS_URL and a shared store.
    """
    from service.api import run_api

    run_api(load_settings(host=host, rest_port=rest_port, grpc_port=grpc_port))


def media() -> None:
    """Run the media role: decode videos, find people, and make files of results."""
    from service.media import run_media

    sys.exit(run_media(load_settings()))


def worker(model: ModelName = None, device: Device = None) -> None:
    """Run the worker role: the network, one process per visible GPU, or one on the CPU."""
    from service.worker_pool import run_workers

    sys.exit(run_workers(load_settings(model=model, device=device)))


def dead_letters(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The latest so many.")] = 20,
) -> None:
    """List clips that were given up, the latest first. Needs the Redis of the service."""
    from service.broker import Broker
    from service.show import dead_letter

    broker = Broker.of(load_settings(), patience_s=0)
    letters = broker.dead_clips(limit)
    broker.close()
    for letter in letters:
        typer.echo(dead_letter(letter))
    if not letters:
        console.print("no dead letters")


def submit(
    video: Annotated[Path, typer.Argument(help="A video file.")],
    output: Annotated[
        list[Path],
        typer.Option("--output", "-o", help="As of `remocap reconstruct`; may be repeated."),
    ],
    server: Annotated[str, typer.Option(help="Its URL.")] = "http://localhost:8000",
    key: Annotated[
        str | None,
        typer.Option(envvar="REMOCAP_KEY", help="Where it asks for one; best in the variable."),
    ] = None,
    model: ModelName = None,
    max_people: Annotated[
        int | None, typer.Option(min=1, help="Follow at most so many people at a time.")
    ] = None,
    smooth: Annotated[str, typer.Option(help="off, light or strong.")] = "off",
    start: Annotated[float | None, typer.Option(min=0, help="Begin here, in seconds.")] = None,
    end: Annotated[float | None, typer.Option(min=0, help="End here, in seconds.")] = None,
    focal: Annotated[float | None, typer.Option(help="Focal length in pixels.")] = None,
) -> None:
    """Have a server reconstruct everybody in VIDEO.

    Example: remocap submit clip.mp4 -o clip.glb --server http://gpu-host:8000
    """
    from model.export import check_target
    from service.client import Client
    from service.show import ProgressBars, job_summary
    from service.submit import submit as run

    for path in output:
        check_target(path)
    options = {
        "model": model,
        "max_people": max_people,
        "smooth": smooth,
        "start": start,
        "end": end,
        "focal": focal,
    }
    with Client(server, key) as client:
        with ProgressBars(console) as bars:
            job = run(client, video, output, options, bars)
        console.print(job_summary(job))
    for path in output:
        console.print(f"wrote {path}", soft_wrap=True)


def view(
    result: Annotated[Path, typer.Argument(help="An .npz that `remocap reconstruct` wrote.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The page [default: RESULT with the ending .html]"),
    ] = None,
    video: Annotated[Path | None, typer.Option(help="The video it came of.")] = None,
) -> None:
    """Write a result as a page to turn it, in one file that needs no server.

    Example: remocap view clip.npz --video clip.mp4
    """
    from service.page_file import write_page

    target = output or result.with_suffix(".html")
    write_page(result, video, target, load_settings().models_dir)
    console.print(
        f"wrote {target}; open it in a browser: {target.absolute().as_uri()}", soft_wrap=True
    )
