"""Commands for those who train and measure: `synth` and `bench`. Each parses, calls, and shows."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from model.errors import UsageError

console = Console(stderr=True)
bench = typer.Typer(no_args_is_help=True, help="Measure this machine.")


class Number(Enum):
    """Arithmetic of the network."""

    float32 = "float32"
    bfloat16 = "bfloat16"


Motions = Annotated[
    Path | None, typer.Option(help="Captured motions, an NPZ [default: improvised ones]")
]
Garments = Annotated[
    Path | None, typer.Option(help="Garments for the built-in body, an NPZ [default: painted ones]")
]


def synth(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to bake a set to train on; 1.4 MB a clip.")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Write a contact sheet of some clips instead, a PNG.")
    ] = None,
    clips: Annotated[int | None, typer.Option(min=1, help="Of 8 frames each.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same set.")] = 0,
    motions: Motions = None,
    garments: Garments = None,
    backgrounds: Annotated[
        Path | None,
        typer.Option(help="Folder of photos for --preview [default: procedural ones]"),
    ] = None,
    evaluation: Annotated[
        bool, typer.Option("--evaluation", help="Use the held-out motions and garments.")
    ] = False,
) -> None:
    """Make people to train on: rendered clips of moving people with exact labels."""
    from model.synth import make

    if (folder is None) == (preview is None):
        raise UsageError("nothing_to_do", "give either a folder to bake into, or --preview FILE")
    if preview is not None:
        make.preview(
            preview,
            clips=clips or 6,
            seed=seed,
            motions=motions,
            garments=garments,
            backgrounds=backgrounds,
        )
        console.print(f"wrote {preview}", soft_wrap=True)
    if folder is not None:
        count = clips or 3000
        with Progress(console=console, transient=True) as bars:
            task = bars.add_task("bake clips", total=count)
            make.bake(
                folder,
                clips=count,
                seed=seed,
                motions=motions,
                garments=garments,
                evaluation=evaluation,
                progress=lambda done: bars.update(task, completed=done),
            )
        console.print(f"baked {count} clips into {folder}", soft_wrap=True)


@bench.command("network")
def bench_network(
    width: Annotated[
        int, typer.Option(min=1, help="Channels of HRNet's first branch; 64 is as published.")
    ] = 64,
    windows: Annotated[int, typer.Option(min=1, help="Of 8 frames, answered at once.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="How often the two take turns.")] = 5,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    dtype: Annotated[Number, typer.Option(help="Of ours; theirs is fp32.")] = Number.float32,
    compile: Annotated[  # noqa: A002  the name torch gives it
        bool, typer.Option("--compile", help="Let torch.compile specialise ours.")
    ] = False,
) -> None:
    """Time the network as published against the way we run it, part by part."""
    from benchmarks.network import main

    main(
        width=width,
        windows=windows,
        rounds=rounds,
        device=device,
        dtype=dtype.value,
        compile=compile,
    )
