"""Results of a job, from the store to numbers: the same ones that `remocap reconstruct` writes.

`open_result` is for jobs that have succeeded; `PartialResult` for those that run, clip by clip as
they are committed. Rows lie in files while they are handed out, so memory does not grow with the
video. Needs no torch.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from model.assemble import Assembler
from model.clip_rows import ClipRows
from model.errors import InputError
from model.export.json import stream_json
from model.export.npz import stream_npz
from model.reconstruction import Mesh, Reconstruction
from model.types import Array, Sequence, Smoothing
from service.broker import Broker
from service.clip_file import unpack_rows
from service.errors import GoneError, NotFoundError, NotReadyError
from service.messages import Done, Job
from service.scratch import Scratch
from service.shapes import Shapes, load_shapes
from service.store import Store, done_path
from service.video_facts import VideoFacts, read_facts, read_times


class Result:
    """All of a finished job; close it, best with `with`.

    Attributes:
        reconstruction: Everybody who was asked for.
    """

    def __init__(self, job_id: str, reconstruction: Reconstruction, held: ExitStack) -> None:
        self.job_id = job_id
        self.reconstruction = reconstruction
        self._held = held

    def __enter__(self) -> "Result":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the files that the rows lie in; a second call does nothing."""
        self._held.close()

    def npz(self) -> Iterator[bytes]:
        """Return the NPZ, piece by piece."""
        return stream_npz(self.reconstruction)

    def json(self) -> Iterator[bytes]:
        """Return the JSON, piece by piece.

        Raises:
            OutputError: `too_large_for_format`, here and not on iterating.
        """
        return (piece.encode() for piece in stream_json(self.reconstruction))


def open_result(
    store: Store,
    broker: Broker,
    job: Job,
    models_dir: Path | None = None,
    *,
    track: int | None = None,
    smooth: Smoothing = "off",
    known: Mapping[str, str] | None = None,
) -> Result:
    """Gather the result of a job that has succeeded.

    Args:
        store: Where it lies.
        broker: Knows which attempts count.
        job: Whose.
        models_dir: Of the user's own models.
        track: Only this person.
        smooth: How much jitter is taken out at hand-out.
        known: Which attempts count, by clip, where that was told already.

    Raises:
        NotFoundError: `unknown_track`.
        NotReadyError: `not_ready`, where there is nothing yet.
        GoneError: `model_replaced`; `job_deleted` where its objects have gone meanwhile.
        InputError: `damaged_object`.
        OutputError: The disk for temporary files is full.
    """
    shapes = load_shapes(job.model, job.weights_sha256, models_dir)
    with ExitStack() as stack:
        scratch = stack.enter_context(closing(Scratch()))
        paths = known or committed(store, broker, job.id)
        whole = _assemble(store, paths, job, shapes, scratch.path)
        chosen = whole if track is None else _only(whole, track)
        return Result(job.id, chosen.smoothed(smooth), stack.pop_all())


def committed(store: Store, broker: Broker, job_id: str) -> Mapping[str, str]:
    """Return the path of each clip's committed result, by clip.

    Raises:
        NotReadyError: `not_ready`.
    """
    if known := broker.results(job_id):
        return known
    try:
        return Done.decode(store.get(done_path(job_id))).results
    except FileNotFoundError:
        raise NotReadyError("not_ready", f"job {job_id} has no result; ask again later") from None


def read_rows(store: Store, path: str) -> ClipRows:
    """Read a committed result.

    Raises:
        GoneError: `job_deleted`: it is not there any more.
        InputError: `damaged_object`.
    """
    try:
        return unpack_rows(store.get(path))
    except FileNotFoundError:
        raise GoneError("job_deleted", "the result was deleted; send the video again") from None


def _assemble(
    store: Store, paths: Mapping[str, str], job: Job, shapes: Shapes, folder: Path
) -> Reconstruction:
    facts = _facts_of(store, job)
    assembler = Assembler(folder)
    first, pts_s = read_times(store, job.id)
    for index, time_s in enumerate(pts_s, start=first):
        assembler.see(index, time_s)
    for path in paths.values():
        rows = read_rows(store, path)
        if not first <= rows.frame_index[0] <= rows.frame_index[-1] < first + len(pts_s):
            raise InputError(
                "damaged_object",
                f"{path} speaks of frames that were not decoded; run the job again",
            )
        assembler.add_rows(rows)
    return assembler.finish(
        shapes.card,
        shapes.weights_sha256,
        shapes.body,
        shapes.upsampling,
        facts.info,
        focal_px=job.options.focal_px,
        notes=facts.notes,
        timings=facts.timings,
    )


def _facts_of(store: Store, job: Job) -> VideoFacts:
    facts = read_facts(store, job.id)
    if facts is None:
        raise NotReadyError("not_ready", f"job {job.id} has not opened its video yet")
    return facts


def _only(whole: Reconstruction, track: int) -> Reconstruction:
    people = tuple(person for person in whole.sequences if person.track_id == track)
    if not people:
        known = ", ".join(str(person.track_id) for person in whole.sequences[:20])
        raise NotFoundError("unknown_track", f"there is no person {track}; expected one of {known}")
    return replace(whole, sequences=people)


class PartialResult:
    """What a job has committed so far, as meshes; short gaps are not filled yet.

    Args:
        store: Where it lies.
        job: Whose.
        models_dir: Of the user's own models.

    Attributes:
        scene: Camera and shapes, without people.

    Raises:
        NotReadyError: `not_ready`: the video is not open yet.
        GoneError, UsageError, InputError: As `load_shapes`.
    """

    def __init__(self, store: Store, job: Job, models_dir: Path | None = None) -> None:
        shapes = load_shapes(job.model, job.weights_sha256, models_dir)
        nobody = Assembler(Path())
        facts = _facts_of(store, job)
        self._store = store
        self.scene = nobody.finish(
            shapes.card,
            shapes.weights_sha256,
            shapes.body,
            shapes.upsampling,
            facts.info,
            focal_px=job.options.focal_px,
        )

    def people(self, paths: Iterable[str]) -> list[Sequence]:
        """Read committed results, and return their rows by person, in the order of time.

        Args:
            paths: In the store, as events of commits and `Broker.results` name them.
        """
        by_track: dict[int, list[ClipRows]] = {}
        for path in paths:
            rows = read_rows(self._store, path)
            by_track.setdefault(rows.track_id, []).append(rows)
        return [_join(by_track[track]) for track in sorted(by_track)]

    @property
    def intrinsics(self) -> Float32[Array, "3 3"]:
        """Of the camera that saw the whole image, in pixels."""
        return self.scene.intrinsics

    def mesh(self, rows: Sequence) -> Mesh:
        """Compute the meshes of rows, 0.25 MB each."""
        return self.scene.mesh_of(rows)


def _join(parts: list[ClipRows]) -> Sequence:
    """Put the rows of one person's clips in order."""
    parts = sorted(parts, key=lambda part: int(part.frame_index[0]))
    columns = {name: np.concatenate([p.values[name] for p in parts]) for name in parts[0].values}
    frames = np.concatenate([part.frame_index for part in parts])
    return Sequence(
        track_id=parts[0].track_id,
        frame_index=frames,
        pts_s=np.concatenate([part.pts_s for part in parts]),
        observed=np.ones(len(frames), bool),
        **columns,
    )
