"""What is sent in place of a video."""

from pathlib import Path

from tests.model.videos import claim_size, write_sound, write_video

BAD = {
    "empty": (b"", "empty_video"),
    "one_byte": (b"\0", "not_a_video"),
    "text": (b"Dear diary, today I filmed nothing at all.\n" * 40, "not_a_video"),
    "hls_playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not_a_video"),
    "concat_playlist": (b"ffconcat version 1.0\nfile /etc/passwd\n", "not_a_video"),
    "bare_mp4_header": (b"\0\0\0\x14ftypisom\0\0\0\0isom", "undecodable_video"),
}


def bad_videos(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Contents and the code that they deserve, by name."""
    whole = write_video(folder / "whole.mp4", frames=50, muxer={"movflags": "faststart"})
    giant = claim_size(write_video(folder / "giant.avi", codec="ffv1"), 30000)
    return BAD | {
        "sound": (write_sound(folder / "song.m4a").read_bytes(), "no_video_stream"),
        "giant": (giant.read_bytes(), "video_too_large"),
        "nobody": (whole.read_bytes(), "no_person_found"),
        "cut": (whole.read_bytes()[:900], "undecodable_video"),
        "long": (write_video(folder / "long.ts", frames=200).read_bytes(), "video_too_long"),
    }
