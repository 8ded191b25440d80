"""A result as one file that any browser shows without a server: the player, and what it plays.

    result.npz -> Reconstruction -> records of docs/streams.md ─┐
    topology of the model                                       ├─> gzip, base64 -> one HTML file
    video -> H.264 that every browser plays                    ─┘

The player is what Vite built of `service/web`. Reading a result trusts nothing in it.
"""

import base64
import gzip
import hashlib
import html
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from model.atomic import replacing
from model.bodies.npz import read_npz
from model.errors import InputError, UsageError
from model.export.rows import slices
from model.reconstruction import Reconstruction
from model.types import Array, Meta, Sequence
from service.page import BUILT
from service.shapes import Shapes, load_shapes
from service.streams_records import Form, Kind, json_record, rows_record
from service.streams_topology import find_topology

_COLUMNS = ("camera", "joint_tokens_m", "coarse_m", "crop_px", "score", "observed")
_NAMES = ("track_id", "frame_index", "pts_s", *_COLUMNS, "intrinsics", "meta")
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data: blob:; "
    "media-src blob:"
)


def write_page(npz: Path, video: Path | None, target: Path, models_dir: Path | None = None) -> None:
    """Write a result, and the video it came of, as a page.

    Args:
        npz: As `remocap reconstruct` wrote it.
        video: The same video; without it, people are shown in 3D alone.
        target: The HTML file.
        models_dir: Of the user's own models.

    Raises:
        UsageError: `page_not_built`, `unknown_model`.
        InputError: `not_a_result`, or the video cannot be read.
        GoneError: `model_replaced`.
        OutputError: The file cannot be written.
    """
    script, style = _player()
    result, shapes = read_result(npz, models_dir)
    film = None if video is None else _playable(video)
    frames = b"".join(_records(result, shapes, film))
    topology = find_topology(result.meta.model, models_dir).data
    blocks = {"topology": topology, "frames": frames}
    if film is not None:
        blocks["video"] = film.mp4
    with replacing(target) as temporary:
        temporary.write_text(_compose(npz.stem, script, style, blocks), encoding="utf-8")


def read_result(npz: Path, models_dir: Path | None = None) -> tuple[Reconstruction, Shapes]:
    """Read a result from its file.

    Raises:
        InputError: `not_a_result`.
        UsageError, GoneError: Its model is not here, or has other weights now.
    """
    try:
        arrays = read_npz(npz, _NAMES)
        meta = _read_meta(arrays)
        shapes = load_shapes(meta.model, meta.weights_sha256, models_dir)
        people = tuple(_people(arrays))
        return Reconstruction(
            people, shapes.body, shapes.upsampling, meta, arrays["intrinsics"]
        ), shapes
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, UsageError | InputError):
            raise
        raise InputError(
            "not_a_result",
            f"{npz} cannot be shown ({error}); expected an .npz that `remocap reconstruct` wrote",
        ) from error


def _read_meta(arrays: Mapping[str, Array]) -> Meta:
    said = json.loads(str(arrays["meta"]))
    known = {name: said[name] for name in Meta.__dataclass_fields__ if name in said}
    lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
    return Meta(**(known | lists))


def _people(arrays: Mapping[str, Array]) -> Iterator[Sequence]:
    """Yield the rows of each person, checked for their shapes."""
    tracks = arrays["track_id"]
    shapes = {"camera": (3,), "crop_px": (4,), "coarse_m": (431, 3), "joint_tokens_m": (14, 3)}
    for name, shape in shapes.items():
        if arrays[name].shape != (len(tracks), *shape):
            raise ValueError(f"{name} has the shape {arrays[name].shape}")
    for track in np.unique(tracks).tolist():
        chosen = tracks == track
        columns = {name: arrays[name][chosen] for name in ("frame_index", "pts_s", *_COLUMNS)}
        yield Sequence(track_id=track, **columns)


class _Film(NamedTuple):
    """A video as browsers play it; times begin with its first shown frame."""

    mp4: bytes
    frame_count: int


def _records(result: Reconstruction, shapes: Shapes, film: _Film | None) -> Iterator[bytes]:
    """Yield all rows as they would be streamed."""
    meta = result.meta
    said: dict[str, Any] = {
        name: getattr(meta, name) for name in ("trained", "width", "height", "focal_px")
    }
    said |= {"fps": None, "first_pts_s": 0.0, "frame_count": film and film.frame_count}
    yield json_record(Kind.meta, 0, said | {"topology": "", "rows": result.rows})
    done = 0
    for person in result.sequences:
        for rows in slices(len(person)):
            shown = result.shown(person, rows)
            done += len(shown)
            placed = shapes.joints.place(shown, result.intrinsics)
            yield from rows_record(
                done, shown, placed, Form(), lambda k: result.mesh_of(k).vertices_m
            )


def _playable(video: Path) -> _Film:
    from model.export.preview import write_preview
    from model.video import open_video

    written = 0

    def count(done: int, _: int) -> None:
        nonlocal written
        written = done

    with tempfile.TemporaryDirectory(prefix="remocap-") as folder:
        target = Path(folder) / "preview.mp4"
        with open_video(video) as frames:
            write_preview(frames, target, count)
        return _Film(target.read_bytes(), written)


def _player() -> tuple[str, str]:
    """Return script and style of the player.

    Raises:
        UsageError: `page_not_built`.
    """
    with suppress(FileNotFoundError):
        folder = BUILT / "file"
        script = (folder / "player.js").read_text(encoding="utf-8")
        style = (folder / "player.css").read_text(encoding="utf-8")
        return script.replace("</script", "<\\/script"), style
    raise UsageError(
        "page_not_built",
        "the player has not been built; run `make page` in the source tree, or install a wheel "
        "made with `make wheel`",
    )


def _compose(title: str, script: str, style: str, blocks: Mapping[str, bytes]) -> str:
    policy = _POLICY.format(script=_hash(script), style=_hash(style))
    packed = (
        f'<script type="application/octet-stream" id="{name}">{_pack(data)}</script>\n'
        for name, data in blocks.items()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)} \u00b7 RemoCap</title>\n<style>{style}</style></head>\n"
        '<body><main id="main"></main><p id="said" class="hidden" role="status"></p>\n'
        f"{''.join(packed)}<script>{script}</script></body></html>\n"
    )


def _pack(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
