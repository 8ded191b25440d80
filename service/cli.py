"""The command `remocap`. Each command parses, calls, and shows; it decides nothing.

Exit status: 0 done, 1 internal error, 2 wrong use, 3 bad input, 4 nobody found, 5 server
unreachable or busy, 130 interrupted, 143 terminated.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from model.errors import RemocapError, UsageError
from model.types import Smoothing
from service import research, roles
from service.keys_cli import keys
from service.security_masks import mask
from service.settings import Settings, load_settings

if TYPE_CHECKING:
    from model.loading import Model
    from model.pipeline import Options

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turn a video of people into 3D body meshes, frame by frame.",
)
importer = typer.Typer(no_args_is_help=True, help="Bring your own body or checkpoint.")
app.add_typer(importer, name="import")
app.add_typer(research.bench, name="bench")
app.add_typer(keys, name="keys")

console = Console(stderr=True)
"""For people. What programs read goes to files or to standard output."""

Video = Annotated[Path, typer.Argument(help="A video file: mp4, mov, webm, mkv, avi, ts.")]
Out = Annotated[
    list[Path],
    typer.Option(
        "--output",
        "-o",
        help="Where to write; the ending chooses the form: .npz arrays, .glb animated scene, "
        ".mp4 overlay, .png contact sheet, .zip of OBJ files, .json. May be given several times.",
    ),
]
ModelName = Annotated[
    str | None, typer.Option("--model", help="Name of a model; see `remocap models`.")
]
Device = Annotated[
    str | None,
    typer.Option(help="cpu, cuda, cuda:N or auto [default: auto, a GPU if there is one]"),
]
Tracks = Annotated[
    Path | None,
    typer.Option(help="Your own boxes instead of the detector's: JSON, see docs/tracks.md."),
]
Detector = Annotated[
    Path | None,
    typer.Option(help="Your own person detector: an ONNX file, see docs/detectors.md."),
]
Focal = Annotated[
    float | None,
    typer.Option(help="Focal length in pixels of the video [default: the image's diagonal]"),
]


@app.command()
def reconstruct(
    video: Video,
    output: Out,
    model: ModelName = None,
    device: Device = None,
    tracks: Tracks = None,
    detector: Detector = None,
    max_people: Annotated[
        int | None, typer.Option(min=1, help="Follow at most so many people at a time.")
    ] = None,
    smooth: Annotated[Smoothing, typer.Option(help="Smoothing of the written motion.")] = "off",
    start: Annotated[float | None, typer.Option(min=0, help="Begin here, in seconds.")] = None,
    end: Annotated[float | None, typer.Option(min=0, help="End here, in seconds.")] = None,
    focal: Focal = None,
) -> None:
    """Reconstruct everybody in VIDEO.

    Example: remocap reconstruct clip.mp4 -o clip.npz -o clip.mp4
    """
    from model.export import check_target
    from model.onnx_detector import OnnxDetector
    from model.pipeline import Options
    from model.tracks_file import load_tracks

    for path in output:
        check_target(path)
    options = Options(
        max_people=max_people,
        detector=None if detector is None else OnnxDetector(detector),
        tracks=None if tracks is None else load_tracks(tracks),
        start_s=start,
        end_s=end,
        focal_px=focal,
    )
    loaded = _load(load_settings(model=model, device=device))
    _reconstruct(video, loaded, options, smooth, output)


def _reconstruct(
    video: Path, model: "Model", options: "Options", smooth: Smoothing, output: list[Path]
) -> None:
    """Do the work, and tell how it went."""
    from model.export import write
    from model.pipeline import reconstruct as run
    from model.stages import Stages
    from service.show import ProgressBars, summary

    with tempfile.TemporaryDirectory(prefix="remocap-") as folder, ProgressBars(console) as bars:
        stages = Stages(watch=bars)
        result = run(video, model, Path(folder), options, stages).smoothed(smooth)
        for path in output:
            write(
                result,
                path,
                source=video,
                start_s=options.start_s,
                end_s=options.end_s,
                stages=stages,
            )
        table = summary(result, stages.seconds)
    console.print(table)
    if not result.meta.trained:
        console.print(
            f"[yellow]warning[/yellow] model '{result.meta.model}' is untrained: it draws the rest "
            "pose in place of the person's; see `remocap models`",
            soft_wrap=True,
        )
    for path in output:
        console.print(f"wrote {path}", soft_wrap=True)


def _load(settings: Settings) -> "Model":
    """Load the model in force."""
    from model.loading import load_model

    return load_model(
        settings.model,
        settings.models_dir,
        device=settings.device,
        dtype=settings.dtype,
        compile=settings.compile,
    )


@app.command()
def models() -> None:
    """List the models that can be used, and what each of them is."""
    from model.registry import list_models

    table = Table("name", "body", "input", "trained", "licence", box=None)
    for folder in list_models(load_settings().models_dir):
        card = folder.card
        trained = "yes" if card.trained else "no: output is a placeholder"
        table.add_row(card.name, card.body, card.network.input, trained, card.licence)
    Console().print(table)


@importer.command("smpl")
def import_smpl_files(
    mesh: Annotated[Path, typer.Argument(help="mesh_downsampling.npz, as METRO publishes it.")],
    regressor: Annotated[Path, typer.Argument(help="J_regressor_h36m_correct.npy.")],
) -> None:
    """Import the SMPL topology from the two files that FastMETRO's users download."""
    from model.bodies.import_smpl import import_smpl

    path = import_smpl(mesh, regressor, load_settings().models_dir)
    console.print(f"wrote {path}", soft_wrap=True)


@importer.command("checkpoint")
def import_checkpoint_file(
    path: Annotated[Path, typer.Argument(help="A published RemoCap or FastMETRO state dict.")],
    name: Annotated[str, typer.Option(help="What to call the model.")] = "remocap-official",
    body: Annotated[str, typer.Option(help="The body its vertices belong to.")] = "smpl",
) -> None:
    """Import a published checkpoint as a model folder."""
    from model.checkpoint import import_checkpoint

    folder = import_checkpoint(path, load_settings().models_dir, name=name, body=body)
    console.print(f"wrote {folder}; use it with --model {name}", soft_wrap=True)


@app.command()
def config() -> None:
    """Print the settings in force, each as the variable that sets it."""
    for name, value in load_settings().model_dump(mode="json").items():
        typer.echo(f"{Settings.model_config['env_prefix']}{name}".upper() + f"={value}")


for command in (
    roles.serve,
    roles.api,
    roles.media,
    roles.worker,
    roles.submit,
    roles.view,
    roles.dead_letters,
    research.train,
    research.evaluate,
    research.evaluate_marks,
    research.synth,
    research.look,
):
    app.command()(command)


def main() -> None:
    """Run the command line; whatever goes wrong becomes one line and an exit status."""
    # Read when torch is imported: its threads shall not spin while the decoder needs the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(signal.SIGTERM, _leave)
    try:
        app()
    except Exception as error:
        if os.environ.get("REMOCAP_DEBUG") and not isinstance(error, RemocapError):
            raise
        known = _explain(error)
        console.print(
            f"[red]error[/red] {known.code}: {escape(mask(known.message))}",
            soft_wrap=True,
            highlight=False,
        )
        sys.exit(known.exit_status)


def _leave(number: int, _: object) -> None:
    """End as an interrupt does: children stop, and temporary files are removed."""
    sys.exit(128 + number)


def _explain(error: Exception) -> RemocapError:
    """Return what went wrong as an error with a code, a message and an exit status."""
    match error:
        case RemocapError():
            return error
        case ModuleNotFoundError():
            return UsageError(
                "not_installed",
                f"this needs the Python package '{error.name}', which is not installed; install "
                "RemoCap with the extra 'all'",
            )
        case _:
            return RemocapError(
                "internal", f"{error!r}; set REMOCAP_DEBUG=1 to see where, and please report it"
            )
