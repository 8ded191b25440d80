"""Files made of a finished job once, and kept in the store for all who ask.

    glb   animated scene    mp4   overlay          preview     the video itself, for browsers
    zip   OBJ files         png   contact sheet    thumbnail   one small picture

NPZ and JSON are not among them: they are made as they are sent (`service.results`).
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from model.export.rows import Progress
from model.reconstruction import Reconstruction
from model.types import Smoothing
from model.video import Limits, Standby, VideoStream
from service.broker import Broker
from service.errors import NotFoundError
from service.messages import ExportRequest, Job
from service.results import open_result
from service.store import Store, export_path
from service.uploaded import open_upload

ENDINGS: Mapping[str, str] = {
    "glb": "glb",
    "zip": "zip",
    "mp4": "mp4",
    "png": "png",
    "preview": "mp4",
    "thumbnail": "jpg",
}
"""Ending of each format's file."""
_OF_ALL = {"preview", "thumbnail"}  # the same whoever is asked for, and however smooth


def export_request(
    job_id: str, form: str, smooth: Smoothing = "off", track: int | None = None
) -> ExportRequest:
    """Name an export; equal wishes have equal names.

    Args:
        job_id: Of which job.
        form: One of `ENDINGS`.
        smooth: How much jitter is taken out.
        track: Only this person.

    Raises:
        NotFoundError: `unknown_format`.
    """
    if form not in ENDINGS:
        raise NotFoundError(
            "unknown_format", f"there is no export '{form}'; expected one of {', '.join(ENDINGS)}"
        )
    options: dict[str, str | int | None] = {"smooth": smooth, "track": track}
    if form in _OF_ALL:
        options = {}
    canonical = json.dumps(options, sort_keys=True).encode()
    name = f"{form}-{hashlib.sha256(canonical).hexdigest()[:12]}"
    return ExportRequest(job_id, name, form, options)


@dataclass(frozen=True)
class Workshop:
    """Makes exports.

    Attributes:
        store: Where videos and results lie, and exports will.
        broker: Knows which results count.
        models_dir: Of the user's own models.
        limits: Of videos and their decoder.
        folder: For files in the making.
        progress: Told of rows or frames that are done.
        standby: A decoder that has started already, under the same limits.
    """

    store: Store
    broker: Broker
    models_dir: Path
    limits: Limits
    folder: Path
    progress: Progress
    standby: Standby | None = None

    def make(self, job: Job, request: ExportRequest) -> tuple[str, int]:
        """Make an export and store it; return its path in the store, and its size in bytes.

        Raises:
            NotFoundError: `unknown_format`, `unknown_track`.
            OutputError: `too_large_for_format`, or the disk is full.
            GoneError, NotReadyError, InputError: As `open_result` and `open_upload`.
        """
        if request.format not in ENDINGS:
            raise NotFoundError("unknown_format", f"there is no export '{request.format}'")
        ending = ENDINGS[request.format]
        target = self.folder / f"export.{ending}"
        if request.format == "preview":
            self._write_preview(job, target)
        else:
            self._write_result(job, request, target)
        path = export_path(job.id, request.export, ending)
        self.store.put_file(path, str(target))
        size_bytes = target.stat().st_size
        target.unlink()
        return path, size_bytes

    def _write_result(self, job: Job, request: ExportRequest, target: Path) -> None:
        options = request.options
        with ExitStack() as stack:
            result = open_result(
                self.store,
                self.broker,
                job,
                self.models_dir,
                track=_track(options.get("track")),
                smooth=_smoothing(options.get("smooth")),
            )
            people = stack.enter_context(result).reconstruction
            match request.format:
                case "glb" | "zip":
                    self._write_scene(people, target)
                case _:
                    video = stack.enter_context(self._open_video(job))
                    self._write_pictures(request.format, people, video, target)

    def _write_scene(self, people: Reconstruction, target: Path) -> None:
        from model.export.glb import write_glb
        from model.export.obj import write_obj

        (write_glb if target.suffix == ".glb" else write_obj)(people, target, self.progress)

    def _write_pictures(
        self, form: str, people: Reconstruction, video: VideoStream, target: Path
    ) -> None:
        from model.export.overlay import write_overlay
        from model.export.preview import write_thumbnail
        from model.export.sheet import write_sheet

        write = {"mp4": write_overlay, "png": write_sheet, "thumbnail": write_thumbnail}[form]
        write(people, video, target, self.progress)

    def _write_preview(self, job: Job, target: Path) -> None:
        from model.export.preview import write_preview

        with self._open_video(job) as video:
            write_preview(video, target, self.progress, video.info.frame_count or 0)

    def _open_video(self, job: Job) -> VideoStream:
        return open_upload(
            self.store, job.id, self.folder, job.options, self.limits, standby=self.standby
        )


def _track(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _smoothing(value: object) -> Smoothing:
    return value if value in ("light", "strong") else "off"
