"""Commands for those who train and measure. Each parses, calls, and shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from model.errors import UsageError
from model.types import Smoothing
from service.settings import Settings, load_settings
from service.show import ProgressBars

console = Console(stderr=True)
bench = typer.Typer(no_args_is_help=True, help="Measure this machine.")


class Number(StrEnum):
    """Arithmetic of the network."""

    float32 = "float32"
    bfloat16 = "bfloat16"


class Protocol(StrEnum):
    """How an evaluation cuts windows and counts frames."""

    all = "all"
    published = "published"


Motions = Annotated[
    Path | None, typer.Option(help="Captured motions, an NPZ [default: improvised ones]")
]
Garments = Annotated[
    Path | None, typer.Option(help="Garments for the built-in body, an NPZ [default: painted ones]")
]


@contextmanager
def _told(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs; it is told how many of all are done."""
    with Progress(console=console, transient=True) as bars:
        task = bars.add_task(what, total=total)
        yield lambda done: bars.update(task, completed=done)


def synth(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to bake a set to train on; 1.4 MB a clip.")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Write a contact sheet of some clips instead, a PNG.")
    ] = None,
    films: Annotated[
        Path | None,
        typer.Option(help="Render films of what is held out into this folder, with their truth."),
    ] = None,
    clips: Annotated[
        int | None, typer.Option(min=1, help="Of 8 frames each; films are of 3 s.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same set.")] = 0,
    motions: Motions = None,
    garments: Garments = None,
    backgrounds: Annotated[
        Path | None,
        typer.Option(help="Folder of photos for --preview, --films [default: procedural ones]"),
    ] = None,
    evaluation: Annotated[
        bool, typer.Option("--evaluation", help="Use the held-out motions and garments.")
    ] = False,
) -> None:
    """Make people to train on: rendered clips of moving people with exact labels."""
    from model.synth import make

    if [folder, preview, films].count(None) != 2:
        raise UsageError(
            "nothing_to_do", "give either a folder to bake into, --preview FILE or --films FOLDER"
        )
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
    if films is not None:
        with _told("render films", clips or 48) as tell:
            make.films(
                films,
                count=clips or 48,
                seed=seed,
                motions=motions,
                garments=garments,
                backgrounds=backgrounds,
                progress=tell,
            )
        console.print(f"rendered {clips or 48} films into {films}", soft_wrap=True)
    if folder is not None:
        _bake(folder, clips or 3000, seed, motions, garments, evaluation=evaluation)


def _bake(
    folder: Path,
    count: int,
    seed: int,
    motions: Path | None,
    garments: Path | None,
    *,
    evaluation: bool,
) -> None:
    from model.synth.make import bake

    with _told("bake clips", count) as tell:
        bake(
            folder,
            clips=count,
            seed=seed,
            motions=motions,
            garments=garments,
            evaluation=evaluation,
            progress=tell,
        )
    console.print(f"baked {count} clips into {folder}", soft_wrap=True)


def look(
    baked: Annotated[Path, typer.Argument(help="A set that `remocap synth` baked.")],
    folder: Annotated[Path, typer.Argument(help="Where to keep what was seen; 120 KB a clip.")],
    looks: Annotated[
        int, typer.Option(min=1, help="How often each clip is shaded and looked at.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same set.")] = 0,
    backgrounds: Annotated[
        Path | None, typer.Option(help="Folder of photos [default: procedural ones]")
    ] = None,
    evaluation: Annotated[
        bool, typer.Option("--evaluation", help="Use the held-out photos.")
    ] = False,
) -> None:
    """Let BlazePose look at baked people, for networks that see evidence."""
    from model.synth.backdrop import Backdrops
    from model.synth.dataset import BakedSet, SynthClips
    from model.synth.seen_set import see_clips

    clips = SynthClips(BakedSet(baked), Backdrops(backgrounds, evaluation=evaluation))
    with _told("look", looks * len(clips)) as tell:
        see_clips(clips, folder, looks=looks, seed=seed, progress=tell)
    console.print(f"looked {looks * len(clips)} times, see {folder}", soft_wrap=True)


def train(
    config: Annotated[Path, typer.Argument(help="What to train, a yaml; see docs/training.md.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for everything that the run writes.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the newest snapshot in that folder.")
    ] = False,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N or auto.")] = None,
) -> None:
    """Train a network on METRO's sets or on your own, and write a model folder."""
    from model.training.train import train_main

    settings = load_settings(device=device)
    folder = train_main(
        config,
        output,
        device=settings.device,
        models_dir=settings.models_dir,
        resume=resume,
        console=console,
    )
    console.print(f"wrote {folder}", soft_wrap=True)


def evaluate(
    model: Annotated[str, typer.Argument(help="Name of a model; see `remocap models`.")],
    dataset: Annotated[
        Path | None, typer.Argument(help="The set, a yaml; see docs/training.md.")
    ] = None,
    films: Annotated[
        Path | None,
        typer.Option(help="Or a folder that `remocap synth --films` rendered: from video to mesh."),
    ] = None,
    smooth: Annotated[Smoothing, typer.Option(help="Smoothing of the films' motion.")] = "off",
    protocol: Annotated[
        Protocol, typer.Option(help="all: every frame once; published: as the paper counts.")
    ] = Protocol.all,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N or auto.")] = None,
) -> None:
    """Measure a model's errors on a set, and the share of frames they speak of."""
    settings = load_settings(model=model, device=device)
    if (dataset is None) == (films is None):
        raise UsageError("nothing_to_do", "give either a set, a yaml, or --films FOLDER")
    if films is not None:
        _evaluate_films(settings, films, smooth)
        return
    assert dataset is not None
    from model.training.evaluation import evaluate_main

    evaluate_main(
        settings.model,
        dataset,
        protocol=protocol.value,
        models_dir=settings.models_dir,
        device=settings.device,
        console=Console(),
    )


def _evaluate_films(settings: Settings, folder: Path, smooth: Smoothing) -> None:
    from model.films.evaluation import evaluate_films
    from model.films.report import table
    from model.loading import load_model

    model = load_model(settings.model, settings.models_dir, device=settings.device)
    with ProgressBars(console) as bars:
        rows = evaluate_films(folder, model, smooth=smooth, watch=bars)
    Console().print(table(rows))


def evaluate_marks(
    model: Annotated[str, typer.Argument(help="Name of a model; see `remocap models`.")],
    marks: Annotated[Path, typer.Argument(help="The marks, a JSON; see docs/marks.md.")],
    videos: Annotated[Path, typer.Argument(help="The folder with the marked videos.")],
    cache: Annotated[
        Path | None,
        typer.Option(help="A folder that keeps what was seen, so that the next model is fast."),
    ] = None,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Score untrained weights beside it.")
    ] = False,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N or auto.")] = None,
) -> None:
    """Score a model on people in real videos whose joints were marked by hand."""
    from model.training.marks.evaluation import evaluate_marks as run

    settings = load_settings(model=model, device=device)
    with ProgressBars(console) as bars:
        report = run(
            settings.model,
            marks,
            videos,
            cache=cache,
            untrained=untrained,
            models_dir=settings.models_dir,
            device=settings.device,
            watch=bars,
        )
    report.print(Console())


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
