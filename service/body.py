"""The body of an upload, as it arrives: pieces of the video, and the fields beside it.

A form (multipart, field `video`) or the video alone. Knows no HTTP beyond the media type, no store
and no settings; nothing but the piece in hand is kept.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from service.errors import UploadError

FIELD = "video"
_MAX_FIELDS = 32
_MAX_NAME = 200  # letters of a file's name
_MAX_FIELD_BYTES = 4096  # of an option; the video has its own limit


@dataclass(frozen=True)
class Field:
    """An option that came as a field of the form."""

    name: str
    value: str


Piece = bytes | Field
"""What a body is made of: bytes of the video, in order, and fields."""


class Body(Protocol):
    """Turns the bytes of a request into pieces.

    Attributes:
        may_have_fields: Whether fields may still follow the video.
    """

    may_have_fields: bool

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield what `data`, the next bytes of the request, completes.

        Raises:
            UploadError: `bad_form`, `video_repeated`.
        """

    def close(self) -> None:
        """Say that the request has ended.

        Raises:
            UploadError: `bad_form`, `no_video`.
        """


def open_body(content_type: str) -> Body | None:
    """Return who reads a body of this media type; None where nobody does.

    Raises:
        UploadError: `bad_form`: a form that names no boundary.
    """
    kind, parameters = parse_options_header(content_type)
    if kind == "multipart/form-data":
        return FormBody(parameters.get("boundary", ""))
    if kind.startswith("video/") or kind == "application/octet-stream":
        return RawBody()
    return None


class RawBody:
    """A body that is the video."""

    may_have_fields = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield the bytes as they are."""
        if data:
            yield data

    def close(self) -> None:
        """Nothing can be amiss; an empty video is the decoder's to refuse."""


class FormBody:
    """A form with the video in the field `video`, and options in others, before or after it."""

    may_have_fields = True

    def __init__(self, boundary: str) -> None:
        try:
            self._parser = PushMultipartParser(boundary, max_segment_count=_MAX_FIELDS)
        except MultipartError as error:
            raise _bad_form(error) from error
        self._name = ""
        self._value: bytearray | None = None  # None: what comes is the video, or between fields
        self._seen_video = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield pieces of the video, and each field once it is complete."""
        if not data or self._parser.closed:
            return
        try:
            for event in self._parser.parse(data):
                if isinstance(event, MultipartSegment):
                    self._open(event)
                    yield from _name_of(event)
                elif event is None:
                    yield from self._complete()
                elif self._value is None:
                    yield bytes(event)
                else:
                    self._extend(event)
        except MultipartError as error:
            raise _bad_form(error) from error

    def close(self) -> None:
        """Check that the form has ended and held a video."""
        try:
            if not self._parser.closed:
                self._parser.close()
        except MultipartError as error:
            raise _bad_form(error) from error
        if not self._seen_video:
            raise UploadError(
                "no_video",
                f"the form has no field '{FIELD}'; expected the video there, "
                f"e.g. curl -F {FIELD}=@clip.mp4",
            )

    def _open(self, segment: MultipartSegment) -> None:
        self._name = segment.name or ""
        self._value = None if self._name == FIELD else bytearray()
        if self._name == FIELD and self._seen_video:
            raise UploadError(
                "video_repeated", f"the form has the field '{FIELD}' twice; send a video a request"
            )
        self._seen_video |= self._name == FIELD

    def _extend(self, data: bytes | bytearray) -> None:
        assert self._value is not None
        self._value += data
        if len(self._value) > _MAX_FIELD_BYTES:
            raise UploadError(
                "bad_form",
                f"the field {self._name[:40]!r} holds more than {_MAX_FIELD_BYTES} bytes; expected "
                f"an option; the video belongs into the field '{FIELD}'",
            )

    def _complete(self) -> Iterator[Piece]:
        if self._value is not None:
            yield Field(self._name, self._value.decode("utf-8", "replace"))
        self._value = None


def _name_of(segment: MultipartSegment) -> Iterator[Field]:
    """Yield what the client calls the video, as a field: shown to people, never used as a path."""
    last = re.split(r"[/\\]", segment.filename or "")[-1]
    name = "".join(letter for letter in last if letter.isprintable()).strip()[:_MAX_NAME]
    if segment.name == FIELD and name:
        yield Field("filename", name)


def _bad_form(error: MultipartError) -> UploadError:
    return UploadError(
        "bad_form",
        f"the form cannot be read ({error}); expected multipart/form-data with the video in the "
        f"field '{FIELD}', e.g. curl -F {FIELD}=@clip.mp4",
    )
