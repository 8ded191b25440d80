"""Broken and hostile files: frames, or one clear error, and never a child left behind."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from model.errors import InputError
from model.video import Limits, open_video
from tests.model.videos import claim_duration, claim_size, mutated, write_sound, write_video

CODES = {
    "decoder_crashed",
    "decoder_limit",
    "empty_video",
    "no_video_stream",
    "not_a_video",
    "undecodable_video",
    "video_too_large",
    "video_too_long",
}
STRICT = Limits(stall_s=10.0)


def outcome(path: Path, limits: Limits = STRICT) -> tuple[int, str, list[str]]:
    """Frames decoded, the code of the error (all of it, if ill-formed), and the notes."""
    frames, notes = [], []
    try:
        with open_video(path, limits=limits) as video:
            notes = video.notes
            frames.extend(frame.index for frame in video)
    except InputError as error:
        well_formed = error.code in CODES and error.message.isprintable()
        return len(frames), error.code if well_formed else repr(error), notes
    return len(frames), "", notes


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


@pytest.fixture(autouse=True)
def _nothing_left_behind(capfd):
    yield
    assert children() == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_video"),
        (b"\0", "not_a_video"),
        (b"Dear diary, today I filmed nothing at all.\n" * 40, "not_a_video"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "not_a_video"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "not_a_video"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 1 RTP/AVP 96\n", "not_a_video"),
        (b"\0\0\0\x14ftypisom\0\0\0\0isom", "undecodable_video"),
    ],
    ids=["empty", "one_byte", "text", "hls_playlist", "concat_playlist", "sdp", "bare_mp4_header"],
)
def test_what_is_no_video_is_named_so(tmp_path, content, code):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)

    assert outcome(path)[:2] == (0, code)


def test_a_file_with_sound_alone_has_no_video_stream(tmp_path):
    assert outcome(write_sound(tmp_path / "song.m4a"))[1] == "no_video_stream"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (Path.exists, "video_not_found"),
        (Path.mkdir, "video_unreadable"),
        (os.mkfifo, "video_unreadable"),
    ],
    ids=["missing", "directory", "fifo"],
)
def test_what_is_no_file_is_named_so(tmp_path, make, code):
    path = tmp_path / "clip.mp4"
    make(path)

    with pytest.raises(InputError, match=r"clip\.mp4") as caught:
        open_video(path)

    assert caught.value.code == code


@pytest.mark.parametrize("name", ["http://127.0.0.1/x.mp4", "concat:a|b", "-i", "a\0b", "fd:0"])
def test_a_name_is_never_interpreted(name):
    with pytest.raises(InputError) as caught:
        open_video(name)

    assert caught.value.code == "video_not_found"


def test_a_claimed_giant_is_refused_before_decoding(tmp_path):
    path = claim_size(write_video(tmp_path / "clip.avi", codec="ffv1"), 30000)

    count, code, _ = outcome(path)

    assert (count, code) == (0, "video_too_large")


def test_a_picture_above_the_limit_is_refused(tmp_path):
    path = write_video(tmp_path / "clip.mp4", size=(160, 120))

    assert outcome(path, Limits(max_side_px=128))[1] == "video_too_large"


def test_a_header_that_claims_hours_is_noted(tmp_path):
    path = claim_duration(write_video(tmp_path / "clip.mp4", frames=50), 3 * 3600)

    count, code, notes = outcome(path)

    assert (count, code) == (50, "")
    assert notes == ["the header claims 10800.0 s; the video holds 2.0 s"]


def test_a_video_that_is_too_long_is_refused_at_once(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=100)

    assert outcome(path, Limits(max_duration_s=2.0))[:2] == (0, "video_too_long")


def test_the_start_of_a_video_that_is_too_long_can_be_had(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=100)

    with open_video(path, end_s=2.0, limits=Limits(max_duration_s=2.0)) as video:
        assert len(list(video)) == 50


def test_too_many_frames_are_refused(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=100)

    assert outcome(path, Limits(max_frames=30))[1] == "video_too_long"


def test_too_little_memory_is_an_error(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=3, size=(2048, 2048))

    code = outcome(path, Limits(max_side_px=2048, memory_bytes=280 << 20))[1]

    assert code in {"decoder_limit", "decoder_crashed"}  # where a library trusts its allocations


@pytest.mark.parametrize("name", ["clip.mp4", "clip.ts"])
def test_a_video_cut_anywhere_gives_frames_or_an_error(tmp_path, name):
    whole = write_video(
        tmp_path / name, frames=50, muxer={"movflags": "faststart"} if name == "clip.mp4" else {}
    ).read_bytes()
    paths = []
    for part in range(20):
        paths.append(tmp_path / f"{part}_{name}")
        paths[-1].write_bytes(whole[: len(whole) * part // 20])

    outcomes = [outcome(path) for path in paths]

    assert {code for _, code, _ in outcomes} <= CODES | {""}
    assert all(count > 0 or code for count, code, _ in outcomes)
    assert 0 < outcomes[-1][0] < 50
    assert outcomes[0][1] == "empty_video"


def test_frames_lost_to_a_cut_are_noted(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=50, muxer={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:-1000])

    count, code, notes = outcome(path)

    assert code == ""
    assert f"the header promises 50 frames; {count} could be decoded" in notes


@pytest.mark.parametrize("name", ["clip.mp4", "clip.webm", "clip.avi", "clip.ts"])
def test_random_mutations_give_frames_or_an_error(tmp_path, name):
    codec = {"clip.webm": "libvpx", "clip.avi": "mpeg4"}.get(name, "libx264")
    whole = write_video(tmp_path / name, codec=codec, frames=8).read_bytes()
    paths = [tmp_path / f"{seed}_{name}" for seed in range(50)]
    for seed, path in enumerate(paths):
        path.write_bytes(mutated(whole, seed))

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(outcome, paths))

    assert {code for _, code, _ in outcomes} <= CODES | {""}
    assert all(count > 0 or code for count, code, _ in outcomes)
