"""Decoding in a child process against decoding in this one: `python -m benchmarks.video VIDEO`.

Both end with RGB arrays of the same pictures. They take turns in one run; the ratio is of their
best times, so that other work on the machine counts less. The memory of 15 s and of 150 s is that
of parent and child together, at its highest while frames are read and dropped.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import av
import psutil

from model.video import open_video

ROUNDS = 3
SECONDS = (15, 150)


def in_process(path: Path) -> Iterator[object]:
    """The plain loop that the child replaces."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            yield frame.to_ndarray(format="rgb24")


def in_child(path: Path) -> Iterator[object]:
    """Frames of `open_video`."""
    with open_video(path) as video:
        yield from video


def seconds_of(frames: Iterator[object]) -> tuple[float, int]:
    """Time to read them all, and how many they are."""
    start = time.perf_counter()
    count = sum(1 for _ in frames)
    return time.perf_counter() - start, count


def first_frame_ms(path: Path) -> float:
    """From `open_video` to the first frame in hand."""
    start = time.perf_counter()
    with open_video(path) as video:
        next(iter(video))
        return (time.perf_counter() - start) * 1e3


def write_copy(source: Path, target: Path, duration_s: int) -> Path:
    """Repeat the packets of a video until it has the wanted duration; nothing is encoded."""
    with av.open(str(target), "w") as output:
        stream, shift = None, 0
        while stream is None or shift * (stream.time_base or 0) < duration_s:
            with av.open(str(source)) as container:
                origin = container.streams.video[0]
                stream = stream or output.add_stream_from_template(origin)
                for packet in container.demux(origin):
                    if packet.pts is None or packet.dts is None:
                        continue  # the last one, which is empty
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    output.mux(packet)
                assert origin.duration, f"{source} does not tell its duration"
                shift += origin.duration
    return target


def peak_mib(path: Path) -> float:
    """Highest resident memory of parent and child, shared pages counted once in each."""
    parent, peak = psutil.Process(), 0
    with open_video(path) as video:
        child = psutil.Process(video.pid)
        for frame in video:
            if frame.index % 10 == 0:
                peak = max(peak, parent.memory_info().rss + child.memory_info().rss)
    return peak / 2**20


def main(path: Path) -> None:
    """Print the figures."""
    rounds = [(seconds_of(in_process(path)), seconds_of(in_child(path))) for _ in range(ROUNDS)]
    (plain_s, count), (child_s, same) = min(r[0] for r in rounds), min(r[1] for r in rounds)
    assert count == same
    print(f"in this process  {count / plain_s:7.0f} frames/s")
    print(f"in a child       {count / child_s:7.0f} frames/s, {plain_s / child_s:.2f} of the above")
    print(f"first frame      {min(first_frame_ms(path) for _ in range(5)):7.0f} ms after the call")
    with tempfile.TemporaryDirectory() as folder:
        for duration_s in SECONDS:
            copy = write_copy(path, Path(folder) / f"{duration_s}.mp4", duration_s)
            print(f"peak of {duration_s:3d} s    {peak_mib(copy):7.0f} MiB, parent and child")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
