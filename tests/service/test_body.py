"""Bodies of uploads: the same pieces however the bytes were cut, and a name for what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.body import Field, FormBody, Piece, RawBody, open_body
from service.errors import UploadError

BOUNDARY = "----boundary"
VIDEO = b"\0\r\n--\r\n------bound\r\n------boundar" * 7


def form(*parts: tuple[str, bytes], end: bytes = b"--\r\n") -> bytes:
    """A form as a browser writes it; parts named `video` are files."""
    text = b""
    for name, value in parts:
        file = '; filename="a.mp4"' if name == "video" else ""
        text += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}'.encode()
        text += b"\r\n\r\n" + value + b"\r\n"
    return text + f"--{BOUNDARY}".encode() + end


def read(data: bytes, size: int = 1 << 16) -> tuple[bytes, list[Field]]:
    """Feed a form in pieces of `size` bytes; the video, and the fields."""
    body = FormBody(BOUNDARY)
    pieces: list[Piece] = []
    for start in range(0, len(data), size):
        pieces += body.feed(data[start : start + size])
    body.close()
    video = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    return video, [piece for piece in pieces if isinstance(piece, Field)]


@given(size=st.integers(1, 300))
def test_a_form_reads_the_same_however_it_is_cut(size: int) -> None:
    data = form(("smooth", b"light"), ("video", VIDEO), ("format", "grüße".encode()))

    video, fields = read(data, size)

    assert video == VIDEO
    assert fields == [
        Field("smooth", "light"),
        Field("filename", "a.mp4"),
        Field("format", "grüße"),
    ]


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\clips\\a b.mp4", "a b.mp4"),
        ("a\x1b[31m.mp4", "a[31m.mp4"),
    ],
)
def test_a_files_name_is_shown_and_never_a_path(named: str, shown: str) -> None:
    escaped = named.replace("\\", "\\\\")
    data = form(("video", VIDEO)).replace(b'"a.mp4"', f'"{escaped}"'.encode())

    _, fields = read(data)

    assert fields == [Field("filename", shown)]


def test_a_raw_body_is_the_video() -> None:
    body = open_body("video/mp4")

    assert isinstance(body, RawBody)
    assert b"".join(p for p in body.feed(VIDEO) if isinstance(p, bytes)) == VIDEO


@pytest.mark.parametrize("kind", ["video/mp4", "video/quicktime; codecs=x", "Video/WebM"])
def test_any_video_type_is_taken_raw(kind: str) -> None:
    assert isinstance(open_body(kind), RawBody)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "", "a b;;="])
def test_other_types_are_nobodys(kind: str) -> None:
    assert open_body(kind) is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (form(("video", VIDEO))[:-4], "bad_form"),
        (form(("video", VIDEO))[:60], "bad_form"),
        (b"Dear diary", "bad_form"),
        (form(("smooth", b"light")), "no_video"),
        (form(), "no_video"),
        (form(("video", b"a"), ("video", b"b")), "video_repeated"),
        (form(("clip", VIDEO * 1000)), "bad_form"),
        (form(*[(f"f{n}", b"") for n in range(40)]), "bad_form"),
        (form(("video", VIDEO)).replace(b"\r\n\r\n", b"\r\n" + b"X" * 9000, 1), "bad_form"),
    ],
    ids=[
        "no_end", "cut", "no_form", "no_video", "nothing", "twice", "wrong_field", "many_fields",
        "endless_header",
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_form_is_named(data: bytes, code: str) -> None:
    with pytest.raises(UploadError) as caught:
        read(data)

    assert caught.value.code == code
    assert caught.value.message.isprintable()


def test_a_form_without_a_boundary_is_refused() -> None:
    with pytest.raises(UploadError) as caught:
        open_body("multipart/form-data")

    assert caught.value.code == "bad_form"


@given(data=st.binary(max_size=2000), size=st.integers(1, 64))
def test_garbage_is_refused_as_a_form(data: bytes, size: int) -> None:
    with pytest.raises(UploadError):
        read(b"x" + data, size)
