"""What is known of a job's video beside its clips, as it lies in the store.

`video.json` is there once the video is open, and again when decoding is done. The times of its
frames come in blocks while it is decoded, so that decoding twice writes the same blocks.
"""

import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from model.types import VideoInfo
from service.errors import BadMessageError
from service.messages import Message
from service.store import Store, frames_path, video_path

BLOCK = 1024  # frames


@dataclass(frozen=True)
class VideoFacts(Message):
    """A job's video.

    Attributes:
        width, height: Pixels of the shown image.
        fps, duration_s: As the container states them.
        frame_count: Decoded frames; None while decoding goes on.
        notes: What a reader of the result should know.
        timings: Seconds per stage of the media role.
    """

    width: int
    height: int
    fps: float | None = None
    duration_s: float | None = None
    frame_count: int | None = None
    notes: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def info(self) -> VideoInfo:
        """Size and rate, as the decoder's reader has them."""
        return VideoInfo(self.width, self.height, self.fps, self.duration_s, self.frame_count)


def write_facts(store: Store, job: str, facts: VideoFacts) -> None:
    """Write what is known of a job's video."""
    store.put(video_path(job), facts.encode().encode())


def read_facts(store: Store, job: str) -> VideoFacts | None:
    """Read what is known of a job's video; None where it is not open yet.

    Raises:
        BadMessageError: `bad_message`.
    """
    try:
        return VideoFacts.decode(store.get(video_path(job)))
    except FileNotFoundError:
        return None


class TimesWriter:
    """Writes when each frame of a job is shown.

    Args:
        store: Where to.
        job: Whose.
    """

    def __init__(self, store: Store, job: str) -> None:
        self._store, self._job = store, job
        self._first = 0
        self._pts_s = array("d")
        self.count = 0

    @property
    def full(self) -> bool:
        """Whether a block waits to be written."""
        return len(self._pts_s) == BLOCK

    def see(self, frame_index: int, pts_s: float) -> None:
        """Take note of a frame, they come in order; call `flush` where that makes a block full."""
        assert not self.full
        if not self._pts_s:
            self._first = frame_index
        self._pts_s.append(pts_s)
        self.count += 1

    def flush(self) -> None:
        """Write what is not written yet: a full block, or at the end what is left."""
        if self._pts_s:
            block = {"first": self._first, "pts_s": self._pts_s.tolist()}
            path = frames_path(self._job, (self.count - 1) // BLOCK)
            self._store.put(path, json.dumps(block).encode())
            self._pts_s = array("d")


def read_times(store: Store, job: str) -> tuple[int, "array[float]"]:
    """Read the index of the first decoded frame, and when each from there on is shown.

    Raises:
        BadMessageError: `bad_message`.
    """
    first, pts_s = 0, array("d")
    for number in range(2**31 // BLOCK):
        try:
            block = json.loads(store.get(frames_path(job, number)))
            if not pts_s:
                first = int(block["first"])
            if block["first"] != first + len(pts_s):
                raise ValueError("a gap")
            pts_s.extend(block["pts_s"])
        except FileNotFoundError:
            break
        except (ValueError, TypeError, KeyError) as error:
            raise _bad_times(job, error) from None
    return first, pts_s


def first_time_s(store: Store, job: str) -> float | None:
    """Return when the first decoded frame is shown; None where that is not known yet.

    Raises:
        BadMessageError: `bad_message`.
    """
    try:
        return float(json.loads(store.get(frames_path(job, 0)))["pts_s"][0])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, LookupError) as error:
        raise _bad_times(job, error) from None


def _bad_times(job: str, error: Exception) -> BadMessageError:
    return BadMessageError(
        "bad_message",
        f"the times of job {job}'s frames cannot be read ({error}); run the job again",
    )
