"""What a video will cost, before it is known; a guess that is corrected once it is.

In seconds of network time on a GPU of today; a CPU takes a hundred times as long. The guess serves
to share out capacity, so that only the ratio of two guesses matters.
"""

from model.types import WINDOW

WINDOW_GPU_S = 0.05
BYTES_PER_S = 250_000  # of a video; most have more, and so cost less than is guessed
FRAMES_PER_S = 30.0
PEOPLE = 1.5


def gpu_s_of_bytes(size_bytes: int | None, max_bytes: int, max_video_s: float) -> float:
    """Guess from the size of an upload; the largest that is taken where none is stated.

    At least one window: no job is free.
    """
    video_s = min((size_bytes or max_bytes) / BYTES_PER_S, max_video_s)
    return max(gpu_s_of_frames(video_s * FRAMES_PER_S * PEOPLE), WINDOW_GPU_S)


def gpu_s_of_frames(rows: float) -> float:
    """Guess from the number of frames, each counted once per person."""
    return rows / WINDOW * WINDOW_GPU_S
