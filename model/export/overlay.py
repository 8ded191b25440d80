"""Overlay mp4: the video itself with everybody's mesh drawn over it by the crop camera."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
from jaxtyping import UInt8

from model.atomic import replacing
from model.camera import project_weak
from model.encode import write_mp4
from model.export.rows import Chunk, PeopleByFrame, Progress, ignore
from model.reconstruction import Reconstruction
from model.render import Solid, blend, render
from model.shading import person_rgb, shade, vertex_normals
from model.types import Array, Frame

_OPACITY = 0.82  # the person shows through
_UNTRAINED = "untrained weights: shapes mean nothing"


def write_overlay(
    reconstruction: Reconstruction,
    frames: Iterable[Frame],
    path: Path,
    progress: Progress = ignore,
) -> None:
    """Draw everybody into the video they were found in; frame times stay what they were.

    Args:
        reconstruction: Who to draw, smoothed as it is handed out.
        frames: The same video once more, in order.
        path: The mp4.
        progress: Told frames drawn, and the frames that the reconstruction counted.

    Raises:
        OutputError: The file cannot be written; nothing is left of it then.
        InputError: The video cannot be read again.
    """
    with replacing(path) as temporary:
        write_mp4(_draw_all(reconstruction, frames, progress), temporary)


def _draw_all(
    reconstruction: Reconstruction, frames: Iterable[Frame], progress: Progress
) -> Iterator[Frame]:
    people = PeopleByFrame(reconstruction)
    total = reconstruction.meta.frame_count
    for done, frame in enumerate(frames, start=1):
        rgb = draw_people(frame.rgb, reconstruction, people.at(frame.index))
        yield Frame(frame.index, frame.pts_s, rgb)
        progress(done, max(total, done))


def draw_people(
    rgb: UInt8[Array, "height width 3"],
    reconstruction: Reconstruction,
    people: list[tuple[Chunk, int]],
) -> UInt8[Array, "height width 3"]:
    """Return a copy of a frame with people over it, each with its number at the head.

    A caption says so where the weights are untrained.

    Args:
        rgb: The frame as shown.
        reconstruction: Whose body they have.
        people: Rows to draw, as `PeopleByFrame.at` gives them.
    """
    solids = [_solid(chunk, row, reconstruction) for chunk, row in people]
    drawn = blend(rgb, render(solids, rgb.shape[1], rgb.shape[0]), _OPACITY)
    for (chunk, _), solid in zip(people, solids, strict=True):
        _label(drawn, str(chunk.sequence.track_id), solid)
    if not reconstruction.meta.trained:
        _caption(drawn)
    return drawn


def _solid(chunk: Chunk, row: int, reconstruction: Reconstruction) -> Solid:
    """Project one row by the crop camera; who is in front follows from the pelvis' depth."""
    one = slice(row, row + 1)
    vertices_m = chunk.mesh.vertices_m[row]
    points_px = project_weak(vertices_m[None], chunk.shown.camera[one], chunk.shown.crop_px[one])
    normals = vertex_normals(vertices_m, reconstruction.body.faces)
    return Solid(
        points_px=points_px[0],
        nearness=-(vertices_m[:, 2] + chunk.mesh.translation_m[row, 2]),
        rgb=shade(normals, person_rgb(chunk.sequence.track_id)),
        faces=reconstruction.body.faces,
    )


def _label(rgb: UInt8[Array, "height width 3"], text: str, solid: Solid) -> None:
    """Write a person's number over the highest vertex that the image shows."""
    height, width = rgb.shape[:2]
    top = solid.points_px[solid.points_px[:, 1].argmin()].clip((0, 0), (width, height))
    size = max(height // 45, 11)
    place = int(top[0]) - size * len(text) // 3, max(int(top[1]) - size // 2, size)
    _write(rgb, text, place, size)


def _caption(rgb: UInt8[Array, "height width 3"]) -> None:
    height = rgb.shape[0]
    size = max(height // 45, 11)
    _write(rgb, _UNTRAINED, (size, height - size), size)


def _write(
    rgb: UInt8[Array, "height width 3"], text: str, place: tuple[int, int], size: int
) -> None:
    """Write in white with a dark edge, legible on any background."""
    face = cv2.FontFace("sans")
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1)):
        cv2.putText(rgb, text, (place[0] + dx, place[1] + dy), (0, 0, 0), face, size, 600)
    cv2.putText(rgb, text, place, (255, 255, 255), face, size, 600)
