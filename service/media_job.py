"""From a job's video to its sealed clips: the media role's share of a reconstruction.

Runs in a child of `service.media`. Every step may be done again after a crash: the same video
gives the same clips, and what is in the queue already is not put there twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from model.clips import Clip
from model.extract import Options, expected_frames, extract_clips
from model.stages import Stages
from model.types import WINDOW, Frame
from model.video import Limits, Standby, VideoStream
from service.aside import Aside
from service.broker import Broker
from service.broker_types import MediaTask, Totals
from service.clip_file import pack_clip
from service.errors import StoreFullError, StoreUnavailableError
from service.estimates import gpu_s_of_frames
from service.eyes import Eyes
from service.frames_ahead import FramesAhead
from service.logs import get_log
from service.messages import ClipRequest
from service.store import Store, clip_path, end_path
from service.uploaded import open_upload
from service.video_facts import TimesWriter, VideoFacts, write_facts

T = TypeVar("T")

_STORE_PASSING = (StoreFullError, StoreUnavailableError)
REPORT_S = 0.25  # between reports of progress
_POLL_S = 0.2
_RESUME = 0.75  # share of the most unprocessed windows at which decoding goes on
_STORE_PATIENCE_S = 60.0
log = get_log("media")


@dataclass(frozen=True)
class Pace:
    """How a task gets along with others.

    Attributes:
        work: Called before each piece of work; returns once it is this task's turn.
        rest: Called where it cannot go on, a few times a second until it can, with what it waits
            for: `upload`, `workers` or `store`.
    """

    work: Callable[[], None]
    rest: Callable[[str], None]


class DecodeTask:
    """Decodes one job.

    Args:
        store: Where its video lies, and its clips will.
        broker: Takes the clips.
        task: What was claimed.
        limits: Of the video and its decoder.
        folder: For a temporary file as large as the video.
        max_unprocessed: Windows that may wait for the network before decoding pauses.
        pace: When to work.
        eyes: Loaded anew unless given.
        standby: A decoder that has started already, under the same limits; closed with the video.

    Attributes:
        frames: Decoded so far.
        people: Ids of those found so far.
    """

    def __init__(
        self,
        store: Store,
        broker: Broker,
        task: MediaTask,
        limits: Limits,
        folder: Path,
        max_unprocessed: int,
        pace: Pace,
        eyes: Eyes | None = None,
        standby: Standby | None = None,
    ) -> None:
        self._store, self._broker, self._pace = store, broker, pace
        self._lease, self._job, self._is_resumed = task.lease, task.job, task.sealed > 0
        self._eyes, self._standby = eyes, standby
        self._limits, self._folder = limits, folder
        self._max_unprocessed = max_unprocessed
        self._times = TimesWriter(store, task.job.id)
        self._end_path, self._has_arrived = end_path(task.job.id), False
        self._aside = Aside(self._try, _STORE_PASSING)
        self._reported_s = 0.0
        self._clips = self._windows = 0
        self._clips_of_track: Counter[int] = Counter()
        self.people: set[int] = set()

    @property
    def frames(self) -> int:
        """Decoded so far."""
        return self._times.count

    def run(self) -> None:
        """Do all of it.

        Raises:
            RemocapError: Whatever makes the job fail, or this process unable to do it.
        """
        stages = Stages(watch=self._report)
        options = self._options()
        with stages.stage("open"):
            opened = FramesAhead(self._open, self._idle)
        with opened as video, self._aside:
            facts = VideoFacts(
                video.info.width, video.info.height, video.info.fps, video.info.duration_s
            )
            if (expected := expected_frames(video.info, options)) is not None:
                stages.expect("decode", expected)
            frames = self._paced(video, stages, partial(self._introduce, facts, expected))
            for clip in self._clips_of(frames, options, stages):
                self._seal(clip)
                self._await_demand()
            self._aside.settle()
        self._finish(replace(facts, notes=video.notes), stages)

    def _idle(self) -> None:
        """Let others work where the video is still arriving, and not where it takes time to read.

        While the store is away the video counts as still arriving: who reads it will say so.
        """
        with suppress(StoreUnavailableError):
            self._has_arrived = self._has_arrived or self._store.size(self._end_path) is not None
        if self._has_arrived:
            self._pace.work()
        else:
            self._pace.rest("upload")

    def _introduce(self, facts: VideoFacts, expected: int | None) -> None:
        """Say aside what is known of the video before it is looked at."""
        self._aside.do(lambda: write_facts(self._store, self._job.id, facts))
        if expected is not None:
            gpu_s = gpu_s_of_frames(expected)
            self._aside.do(lambda: self._broker.reserve(self._lease, gpu_s))

    def _clips_of(
        self, frames: Iterator[Frame], options: Options, stages: Stages
    ) -> Iterator[Clip]:
        windows = self._job.options.max_windows
        return extract_clips(frames, options, self._job.input, self._see, stages, windows)

    def _paced(
        self, video: FramesAhead, stages: Stages, introduce: Callable[[], None]
    ) -> Iterator[Frame]:
        """Yield frames in turns with other tasks; introduce the video as the first is looked at."""
        for number, frame in enumerate(video):
            with stages.stage("turn"):
                self._pace.work()
            if number == 0:
                introduce()
            yield frame

    def _see(self, frame_index: int, pts_s: float) -> None:
        self._times.see(frame_index, pts_s)
        if self._times.full:
            self._try(self._times.flush)

    def _seal(self, clip: Clip) -> None:
        """Store a clip's inputs, and hand it to the workers; once, however often it is tried."""
        name = "t{}-f{}-n{}".format(*clip.id)
        path = clip_path(self._job.id, name)
        kept = [o.frame_index for o, keep in zip(clip.observations, clip.keep, strict=True) if keep]
        request = ClipRequest(
            job=self._job.id,
            clip=name,
            model_key=self._job.model_key,
            tenant=self._job.tenant,
            path=path,
            windows=len(clip.keep) // WINDOW,
            keep=len(kept),
            first_frame=kept[0],
            last_frame=kept[-1],
            deadline_s=self._job.deadline_s,
            number=self._clips_of_track[clip.track_id],
        )
        if not (self._is_resumed and self._broker.has_clip(self._job.id, name)):
            self._try(lambda: self._store.put(path, pack_clip(clip)))
            self._aside.settle()  # who sees a clip may ask for the video's facts
            self._broker.seal(self._lease, request, clip.track_id)
        self.people.add(clip.track_id)
        self._clips += 1
        self._clips_of_track[clip.track_id] += 1
        self._windows += request.windows

    def _await_demand(self) -> None:
        """Pause while the workers have enough of this job to do."""
        most: float = self._max_unprocessed
        while self._broker.unprocessed_windows(self._job.id) > most:
            most = _RESUME * self._max_unprocessed
            self._pace.rest("workers")
            time.sleep(_POLL_S)

    def _finish(self, facts: VideoFacts, stages: Stages) -> None:
        timings = {name: s for name, s in stages.seconds.items() if name != "turn"}
        whole = replace(facts, frame_count=self.frames, timings=timings)
        self._try(self._times.flush)
        self._try(lambda: write_facts(self._store, self._job.id, whole))
        cost = gpu_s_of_frames(self._windows * WINDOW)
        totals = Totals(self.frames, len(self.people), self._clips, cost)
        state = self._broker.decoded(self._lease, totals)
        log.info("decoded", frames=self.frames, clips=self._clips, state=state)

    def _report(self, stage: str, done: int, expected: int | None) -> None:
        now_s = time.monotonic()
        if stage == "decode" and now_s - self._reported_s > REPORT_S:
            self._reported_s = now_s
            counts = {"frames": done, "expected": expected}
            self._aside.do(lambda: self._broker.progress(self._lease, "decoding", counts))

    def _try(self, write: Callable[[], T]) -> T:
        """Write to the store, again and again for a while where it is full or away."""
        until_s = time.monotonic() + _STORE_PATIENCE_S
        while True:
            try:
                return write()
            except _STORE_PASSING:
                if time.monotonic() > until_s:
                    raise
                self._pace.rest("store")
                time.sleep(_POLL_S)

    def _open(self) -> VideoStream:
        return open_upload(
            self._store,
            self._job.id,
            self._folder,
            self._job.options,
            self._limits,
            standby=self._standby,
        )

    def _options(self) -> Options:
        given = self._job.options
        return Options(
            max_people=given.max_people,
            detector=self._eyes.detector if self._eyes else None,
            look=self._eyes.look if self._eyes else None,
            start_s=given.start_s,
            end_s=given.end_s,
            focal_px=given.focal_px,
            limits=self._limits,
        )
