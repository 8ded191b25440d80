"""What a page shows of a video: itself in a form every browser plays, and one picture of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
from jaxtyping import UInt8

from model.atomic import replacing
from model.encode import write_mp4
from model.export.overlay import draw_people
from model.export.rows import PeopleByFrame, Progress, ignore
from model.reconstruction import Reconstruction
from model.types import Array, Frame

PREVIEW_PX = 1280  # longer side, at most
THUMBNAIL_PX = 320


def write_preview(
    frames: Iterable[Frame], path: Path, progress: Progress = ignore, total: int = 0
) -> None:
    """Write a video once more, in H.264 and not larger than needed; its times stay.

    Args:
        frames: In order.
        path: The mp4.
        progress: Told frames written, and `total`.
        total: Frames there are, 0 where that is not known.

    Raises:
        OutputError: The file cannot be written; nothing is left of it then.
    """
    with replacing(path) as temporary:
        write_mp4(_shrink_all(frames, progress, total), temporary, crf=26)


def write_thumbnail(
    reconstruction: Reconstruction,
    frames: Iterable[Frame],
    path: Path,
    progress: Progress = ignore,
) -> None:
    """Draw the middle frame of the person who is seen longest, as the overlay shows it.

    Args:
        reconstruction: Who to draw.
        frames: The video, in order; read no further than needed.
        path: The JPEG.
        progress: Told frames passed, and how many there are to pass.

    Raises:
        OutputError: The file cannot be written; nothing is left of it then.
    """
    star = max(reconstruction.sequences, key=len)
    wanted = int(star.frame_index[len(star) // 2])
    people = PeopleByFrame(reconstruction)
    for done, frame in enumerate(frames, start=1):
        progress(done, max(wanted + 1, done))
        if frame.index == wanted:
            drawn = draw_people(frame.rgb, reconstruction, people.at(wanted))
            _, jpeg = cv2.imencode(".jpg", shrink(drawn, THUMBNAIL_PX)[..., ::-1])
            with replacing(path) as temporary:
                temporary.write_bytes(jpeg.tobytes())
            return


def shrink(
    rgb: UInt8[Array, "height width 3"], longer_px: int
) -> UInt8[Array, "small_height small_width 3"]:
    """Scale a picture down until its longer side has at most so many pixels."""
    height, width = rgb.shape[:2]
    scale = longer_px / max(height, width)
    if scale >= 1:
        return rgb
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small: Array = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return small


def _shrink_all(frames: Iterable[Frame], progress: Progress, total: int) -> Iterator[Frame]:
    for done, frame in enumerate(frames, start=1):
        yield Frame(frame.index, frame.pts_s, shrink(frame.rgb, PREVIEW_PX))
        progress(done, max(total, done))
