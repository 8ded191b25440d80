"""Clips with their estimates in, in any order; one sequence per person out.

Rows are written to disk as they come, and once more, sorted and with short gaps filled, at the
end. In memory stay 8 bytes a row and 8 bytes a frame: 4 MB for two hours of one person.
This module knows no video, no network and no torch.
"""

from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Int

from model.bodies import Body
from model.camera import pinhole_intrinsics
from model.clip_rows import REGRESSED, ROW, ClipRows, keep_rows
from model.clips import Clip
from model.config import ModelCard
from model.gaps import Plan, blend, plan_rows
from model.reconstruction import Reconstruction
from model.spool import Columns, Spool
from model.types import WINDOW, Array, Estimate, Meta, Sequence, VideoInfo
from model.upsample import Upsampling

_ADDED: Columns = {
    "frame_index": (np.int32, ()),
    "pts_s": (np.float64, ()),
    "observed": (np.bool_, ()),
}
_BLOCK = 256  # rows in memory while they are sorted


class Assembler:
    """Keeps what the network said until all of a video is known.

    Args:
        folder: For the rows; the result is read from there as long as it is used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arrived: Spool | None = None
        self._tracks, self._frames = array("i"), array("i")  # of the rows, as they arrived
        self._padded = 0  # clips of a person seen for fewer than 8 frames
        self._first_frame = 0
        self._pts_s = array("d")

    @property
    def frame_count(self) -> int:
        """Number of frames seen so far."""
        return len(self._pts_s)

    @property
    def coverage(self) -> float:
        """Share of the seen frames in which at least one person was observed."""
        return len(set(self._frames)) / max(self.frame_count, 1)

    def see(self, frame_index: int, pts_s: float) -> None:
        """Take note of a decoded frame, with or without people; frames come in order."""
        if not self._pts_s:
            self._first_frame = frame_index
        expected = self._first_frame + len(self._pts_s)
        assert frame_index == expected, f"frame {frame_index}, expected {expected}"
        self._pts_s.append(pts_s)

    def add(self, clip: Clip, estimate: Estimate) -> None:
        """Take what the network said of a clip; clips come in any order, each once.

        Raises:
            InputError: `bad_output` where the network gave no finite numbers.
            OutputError: The rows cannot be written.
        """
        self.add_rows(keep_rows(clip, estimate))

    def add_rows(self, rows: ClipRows) -> None:
        """Take what was kept of a clip, in place of `add`.

        Raises:
            OutputError: The rows cannot be written.
        """
        if self._arrived is None:
            columns = {c: kind for c, kind in (ROW | REGRESSED).items() if c in rows.values}
            self._arrived = Spool(self._folder / "arrived", columns)
        self._arrived.append(rows.values)
        self._padded += rows.padded
        self._tracks.extend([rows.track_id] * len(rows.frame_index))
        self._frames.extend(rows.frame_index.tolist())

    def finish(
        self,
        card: ModelCard,
        weights_sha256: str,
        body: Body,
        upsampling: Upsampling,
        video: VideoInfo,
        *,
        focal_px: float | None = None,
        notes: tuple[str, ...] = (),
        timings: Mapping[str, float] | None = None,
    ) -> Reconstruction:
        """Sort the rows, fill short gaps, and say what the result is; nothing is added after.

        Args:
            card: Of the model whose estimates were added.
            weights_sha256: Of the weights that ran.
            body: Topology of the vertices.
            upsampling: From the model's coarse vertices to fine ones.
            video: Size of the shown image.
            focal_px: Of the full image; its diagonal is assumed where it is unknown.
            notes: What a reader should know.
            timings: Seconds per stage.
        """
        intrinsics = pinhole_intrinsics(video.width, video.height, focal_px)
        meta = Meta(
            model=card.name,
            weights_sha256=weights_sha256,
            trained=card.trained,
            body=body.name,
            width=video.width,
            height=video.height,
            frame_count=self.frame_count,
            coverage=self.coverage,
            licence=card.licence,
            focal_px=float(intrinsics[0, 0]),
            focal_source="assumed: image diagonal" if focal_px is None else "given",
            notes=notes + self._own_notes(),
            timings=timings or {},
        )
        return Reconstruction(tuple(self._sort()), body, upsampling, meta, intrinsics)

    def _own_notes(self) -> tuple[str, ...]:
        if not self._padded:
            return ()
        times = "once" if self._padded == 1 else f"{self._padded} times"
        seen = f"a person was in view for fewer than {WINDOW} frames {times}"
        return (f"{seen}; the last of these frames was repeated for the network",)

    def _sort(self) -> Iterator[Sequence]:
        """Write the rows out in order, and yield the people."""
        if self._arrived is None:
            return
        frames, tracks = np.array(self._frames, np.int32), np.array(self._tracks, np.int32)
        order = np.lexsort((frames, tracks))
        pts_s = np.array(self._pts_s)
        spool = Spool(self._folder / "rows", self._arrived.columns | _ADDED)
        ends = []
        for rows in np.split(order, np.flatnonzero(np.diff(tracks[order])) + 1):
            assert (np.diff(frames[rows]) > 0).all(), f"a frame of {tracks[rows[0]]} came twice"
            _write(plan_rows(frames[rows], self._first_frame, pts_s), rows, self._arrived, spool)
            ends.append(len(spool))
        self._arrived.delete()
        columns = spool.read()
        for track_id, start, end in zip(np.unique(tracks), [0, *ends], ends, strict=False):
            yield Sequence(int(track_id), **{c: v[start:end] for c, v in columns.items()})


def _write(plan: Plan, rows: Int[Array, "observed"], arrived: Spool, spool: Spool) -> None:
    """Append a person's planned rows, block by block."""
    for start in range(0, len(plan.share), _BLOCK):
        block = slice(start, start + _BLOCK)
        share = plan.share[block]
        values = arrived.take(rows[plan.left[block]])
        hidden = np.flatnonzero(share)
        ends = arrived.take(rows[plan.right[block][hidden]])
        starts = {column: value[hidden] for column, value in values.items()}
        for column, value in blend(starts, ends, share[hidden]).items():
            values[column][hidden] = value
        values["score"][hidden] = 0
        values["frame_index"] = plan.frame_index[block]
        values["pts_s"] = plan.pts_s[block]
        values["observed"] = share == 0
        spool.append(values)
