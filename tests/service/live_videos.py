"""The sample as a camera would send it: in containers that play from the beginning."""

import io
from pathlib import Path

import av

KINDS = {
    "fragmented mp4": (
        "mp4",
        {"movflags": "empty_moov+default_base_moof", "frag_duration": "200000"},
        None,
    ),
    "mpegts": ("mpegts", {}, None),
    "webm": ("webm", {"live": "1", "cluster_time_limit": "200"}, "libvpx"),
}


def live(video: Path, kind: str, end_s: float) -> bytes:
    """The beginning of a video in another container."""
    form, options, codec = KINDS[kind]
    out = io.BytesIO()
    with av.open(str(video)) as source, av.open(out, "w", form, options=options) as target:
        if codec is None:
            _remux(source, target, end_s)
        else:
            _transcode(source, target, end_s, codec)
    return out.getvalue()


def _remux(
    source: av.container.InputContainer, target: av.container.OutputContainer, end_s: float
) -> None:
    pictures = source.streams.video[0]
    stream = target.add_stream_from_template(pictures)
    for packet in source.demux(pictures):
        if packet.dts is not None and packet.dts * pictures.time_base < end_s:
            packet.stream = stream
            target.mux(packet)


def _transcode(
    source: av.container.InputContainer,
    target: av.container.OutputContainer,
    end_s: float,
    codec: str,
) -> None:
    pictures = source.streams.video[0]
    fast = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    stream = target.add_stream(codec, rate=pictures.average_rate, options=fast)
    stream.width, stream.height, stream.bit_rate = 426, 240, 500_000
    for frame in source.decode(pictures):
        if frame.time >= end_s:
            break
        target.mux(stream.encode(frame.reformat(426, 240)))
    target.mux(stream.encode())
