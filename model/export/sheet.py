"""Contact sheet: a few frames with the meshes over them, and below each the body from the side.

Depth does not show in an overlay; whether a reconstruction is right can be seen from the side only.
There the floor is level, as far as can be told: cameras look down.
"""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from model.atomic import replacing
from model.export.overlay import draw_people
from model.export.rows import Chunk, PeopleByFrame, Progress, ignore
from model.floor import estimate_floor
from model.reconstruction import Reconstruction
from model.shading import person_rgb
from model.side_view import render_side
from model.types import Array, Frame

COLUMNS = 4
PANEL_WIDTH = 480  # pixels


def write_sheet(
    reconstruction: Reconstruction,
    frames: Iterable[Frame],
    path: Path,
    progress: Progress = ignore,
) -> None:
    """Draw a sheet of the person who is seen longest; others are in the overlays too.

    Args:
        reconstruction: Who to draw, smoothed as it is handed out.
        frames: The same video once more, in order; read no further than needed.
        path: The PNG.
        progress: Told frames drawn, and how many there are to draw.

    Raises:
        OutputError: The file cannot be written; nothing is left of it then.
        InputError: The video cannot be read again.
    """
    star = max(reconstruction.sequences, key=len)
    rows = np.linspace(0, len(star) - 1, min(COLUMNS, len(star))).round().astype(int)
    wanted = star.frame_index[rows].tolist()
    people = PeopleByFrame(reconstruction)
    level = estimate_floor(reconstruction).rotmat
    columns: list[Array] = []
    for frame in frames:
        if frame.index == wanted[len(columns)]:
            shown = people.at(frame.index)
            views = [
                render_view(*one, reconstruction, level) for one in shown if one[0].sequence is star
            ]
            overlay = draw_people(frame.rgb, reconstruction, shown)
            columns.append(np.concatenate([fit_width(overlay), *views]))
            progress(len(columns), len(wanted))
        if len(columns) == len(wanted):
            break
    _, png = cv2.imencode(".png", np.concatenate(columns, axis=1)[..., ::-1])
    with replacing(path) as temporary:
        temporary.write_bytes(png.tobytes())


def render_view(
    chunk: Chunk,
    row: int,
    reconstruction: Reconstruction,
    level: Float32[Array, "3 3"],
) -> UInt8[Array, "height width 3"]:
    """Draw one row of a person from the camera's right.

    Args:
        chunk: Holds the row.
        row: Counted in the chunk.
        reconstruction: Whose.
        level: Turns the camera's axes into level ones.
    """
    colour = person_rgb(chunk.sequence.track_id)
    turn = level @ chunk.mesh.view_rotmat[row]
    return render_side(
        chunk.mesh.vertices_m[row] @ turn.T,
        reconstruction.body.faces,
        colour,
        width=PANEL_WIDTH,
        height=PANEL_WIDTH,
    )


def fit_width(rgb: UInt8[Array, "height width 3"]) -> UInt8[Array, "fitted_height fitted_width 3"]:
    """Scale a picture to the width of a panel."""
    height, width = rgb.shape[:2]
    size = PANEL_WIDTH, max(round(height * PANEL_WIDTH / width), 1)
    fitted: Array = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return fitted
