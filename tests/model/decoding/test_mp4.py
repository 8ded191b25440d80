import struct

import pytest

from model.decoding import mp4


def box(kind: bytes, content: bytes = b"", *, wide: bool = False) -> bytes:
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


def movie_header(version: int, timescale: int, duration: int) -> bytes:
    layout = ">IQQIQ20x" if version else ">IIIII20x"
    return box(b"moov", box(b"mvhd", struct.pack(layout, version << 24, 0, 0, timescale, duration)))


def read_at(data: bytes):
    return lambda at, size: data[at : at + size]


FTYP, MOOV, MDAT = box(b"ftyp", b"isom\0\0\0\0"), box(b"moov", bytes(50)), box(b"mdat", bytes(90))


@pytest.mark.parametrize(
    ("data", "last"),
    [
        (FTYP + MOOV + MDAT, False),
        (FTYP + MDAT + MOOV, True),
        (FTYP + box(b"free") + box(b"mdat", bytes(90), wide=True), True),
        (FTYP + box(b"mdat") + MOOV + MDAT, False),
        (FTYP + box(b"moof") + MDAT, False),
        (b"RIFF" + bytes(40), False),
        (b"", False),
        (FTYP[:5], False),
    ],
    ids=["first", "last", "64_bit", "empty_mdat", "fragments", "no_mp4", "empty", "cut"],
)
def test_the_place_of_the_index_is_seen(data, last):
    assert mp4.index_is_last(read_at(data)) is last


@pytest.mark.parametrize("version", [0, 1])
def test_the_duration_in_the_movie_header_is_read(version):
    data = FTYP + MDAT + movie_header(version, timescale=600, duration=1500)

    assert mp4.claimed_duration_s(read_at(data)) == 2.5


@pytest.mark.parametrize(
    "data", [b"", FTYP, FTYP + MOOV, FTYP + movie_header(0, 0, 5), movie_header(0, 1, 5)[:30]]
)
def test_a_missing_or_broken_movie_header_states_no_duration(data):
    assert mp4.claimed_duration_s(read_at(data)) is None
