"""Results as files: the ending of the name chooses the format (docs/formats.md)."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from model.atomic import check_place
from model.errors import UsageError
from model.stages import Stages

if TYPE_CHECKING:
    from model.export.rows import Progress
    from model.reconstruction import Reconstruction

FORMATS = {
    ".npz": "arrays",
    ".glb": "animated scene",
    ".mp4": "overlay",
    ".zip": "OBJ files",
    ".json": "text",
    ".png": "contact sheet",
}
"""What each ending stands for."""
PICTURES = {".mp4", ".png"}
"""Those that show the video, and read it once more."""


def check_target(path: Path) -> None:
    """Refuse, before any work is done, a name that nothing can be written under.

    Raises:
        UsageError: `unknown_format`: the ending stands for none.
        OutputError: `unwritable_output`: there is no folder to write in, or a folder of this name.
    """
    if path.suffix.lower() not in FORMATS:
        endings = ", ".join(f"{suffix} ({what})" for suffix, what in FORMATS.items())
        message = f"'{path.name}' ends in none of {endings}; give it one of these"
        raise UsageError("unknown_format", message)
    check_place(path)


def write(
    reconstruction: "Reconstruction",
    path: Path,
    *,
    source: Path | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    stages: Stages | None = None,
) -> None:
    """Write a result in the format that the ending of `path` stands for.

    Args:
        reconstruction: What to write, smoothed as it hands itself out.
        path: Where to; a file of this name is replaced once the new one is complete.
        source: The video, needed for the formats that show it.
        start_s: The range that was reconstructed, for these formats.
        end_s: Its end.
        stages: Takes time and progress of the stage `write`, in rows (of pictures, frames).

    Raises:
        UsageError: `unknown_format`, or `pictures_need_video`.
        OutputError: The file cannot be written, or would be too large for its format; nothing is
            left of it then.
        InputError: The video cannot be read again.
    """
    check_target(path)
    stages = stages or Stages()
    progress = _count_rows(stages)
    with stages.stage("write"):
        if path.suffix.lower() in PICTURES:
            _write_pictures(reconstruction, path, source, start_s, end_s, progress)
        else:
            _writer(path)(reconstruction, path, progress)


def _writer(path: Path) -> "Callable[[Reconstruction, Path, Progress], None]":
    """Import what this one format needs."""
    match path.suffix.lower():
        case ".npz":
            from model.export.npz import write_npz as write
        case ".glb":
            from model.export.glb import write_glb as write
        case ".zip":
            from model.export.obj import write_obj as write
        case _:
            from model.export.json import write_json as write
    return write


def _write_pictures(
    reconstruction: "Reconstruction",
    path: Path,
    source: Path | None,
    start_s: float | None,
    end_s: float | None,
    progress: "Progress",
) -> None:
    """Write a format that shows the video again."""
    from model.export.overlay import write_overlay
    from model.export.sheet import write_sheet
    from model.video import open_video

    if source is None:
        message = f"{path} is to show the video, but none was given; name it, or write another form"
        raise UsageError("pictures_need_video", message)
    write_pictures = write_overlay if path.suffix.lower() == ".mp4" else write_sheet
    with open_video(source, start_s=start_s, end_s=end_s) as video:
        write_pictures(reconstruction, video, path, progress)


def _count_rows(stages: Stages) -> "Progress":
    """Return a progress callback that counts on where earlier outputs ended."""
    before = stages.items.get("write", 0)

    def progress(done: int, total: int) -> None:
        stages.expect("write", before + total)
        stages.done("write", before + done - stages.items.get("write", 0))

    return progress
