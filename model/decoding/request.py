"""What a parent asks of its decoder child, and how much that may cost."""

import json
from dataclasses import asdict, dataclass

SLOTS = 8  # pictures in flight between the two


@dataclass(frozen=True)
class Limits:
    """Bounds on one video and on the process that decodes it.

    Attributes:
        max_side_px: Longest side of a picture, as coded and as shown.
        max_duration_s: Longest stretch from the first shown frame to the last decoded one.
        max_frames: Most frames decoded, shown or skipped before the start.
        memory_bytes: Address space of the decoder process.
        stall_s: Longest wait for the next frame, in wall-clock seconds and, per thread, in CPU
            seconds; time spent waiting for an upload does not count.
    """

    max_side_px: int = 4096
    max_duration_s: float = 7200.0
    max_frames: int = 2_000_000
    memory_bytes: int = 3 << 30
    stall_s: float = 30.0

    @property
    def picture_bytes(self) -> int:
        """Of the largest picture, in RGB."""
        return self.max_side_px**2 * 3


@dataclass(frozen=True)
class Request:
    """What the parent wants decoded.

    Attributes:
        video_fd: Open file, or the reading end of a pipe.
        growing: Whether it is a pipe.
        ring_fd: Shared memory for pictures (`model.decoding.ring`).
        start_s: First time to deliver.
        end_s: First time no longer to deliver.
        limits: Bounds on video and process.
    """

    video_fd: int
    growing: bool
    ring_fd: int
    start_s: float
    end_s: float | None
    limits: Limits

    def encode(self) -> str:
        """As JSON, on one line."""
        return json.dumps(asdict(self))

    @staticmethod
    def decode(text: str) -> "Request":
        """Read what `encode` wrote."""
        fields = json.loads(text)
        return Request(**{**fields, "limits": Limits(**fields["limits"])})
