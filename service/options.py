"""What may be asked of a reconstruction and of how its result is handed out, as words and numbers.

Options come as query parameters, as form fields, or as headers that HTTP has for the same purpose
(`Prefer: wait=N`, `Accept`); here they become one checked value.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.config import NAME
from model.errors import UsageError
from model.types import Smoothing

MAX_WAIT_S = 3600.0
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Format(StrEnum):
    """Forms of a result (docs/formats.md)."""

    npz = "npz"
    json = "json"
    glb = "glb"
    mp4 = "mp4"
    zip = "zip"
    png = "png"


MEDIA_TYPES: Mapping[Format, str] = {
    Format.npz: "application/x-npz",
    Format.json: "application/json",
    Format.glb: "model/gltf-binary",
    Format.mp4: "video/mp4",
    Format.zip: "application/zip",
    Format.png: "image/png",
}
"""As the type of the answer, and in Accept. The first is what is sent to those who take all."""


class WaitOptions(BaseModel):
    """How long a client waits for an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wait: float | None = Field(
        None,
        ge=0,
        le=MAX_WAIT_S,
        description="Answer with the result, if it is there within so many seconds. "
        "The header `Prefer: wait=N` says the same.",
    )


class ResultOptions(WaitOptions):
    """How a result is handed out."""

    format: Format | None = Field(
        None, description="Form of the result; goes before Accept. Without either: npz."
    )
    track: int | None = Field(None, ge=1, description="Only this person [default: everybody].")
    smooth: Smoothing | None = Field(
        None, description="How much jitter is taken out at hand-out [default: as the job says, off]"
    )


class ReconstructOptions(ResultOptions):
    """What is reconstructed, and what is done with the result."""

    model: str | None = Field(None, pattern=NAME, description="Name of a model, see /v1/models.")
    max_people: int | None = Field(None, ge=1, le=1000, description="Follow at most so many.")
    start: Seconds | None = Field(None, description="Begin here, in seconds of the video.")
    end: Seconds | None = Field(None, description="End here, in seconds of the video.")
    focal: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="Focal length in pixels [default: the image's diagonal]."
    )
    deadline: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="Give up so many seconds after the job was accepted."
    )
    filename: str | None = Field(
        None, max_length=255, description="What you call the video; shown in lists."
    )
    webhook: str | None = Field(
        None, max_length=2048, description="URL to call when the job has ended (docs/webhooks.md)."
    )
    on_disconnect: Literal["cancel", "detach"] | None = Field(
        None,
        description="What becomes of the job when a waiting client goes away [default: cancel; "
        "detach with an Idempotency-Key].",
    )


Options = TypeVar("Options", bound=ResultOptions)


def with_fields(options: Options, fields: Mapping[str, str]) -> Options:
    """Lay form fields over the options of the query.

    Raises:
        UsageError: `bad_option` or `unknown_option`, naming it.
    """
    return checked_options(type(options), options.model_dump(exclude_unset=True) | dict(fields))


def checked_options(kind: type[Options], given: Mapping[str, object]) -> Options:
    """Make options of names and values.

    Raises:
        UsageError: `bad_option` or `unknown_option`, naming it.
    """
    try:
        return kind.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise bad_option(str(first["loc"][0]), first["msg"], first["type"]) from None


def bad_option(name: str, complaint: str, kind: str) -> UsageError:
    """Return the error for an option that pydantic refused.

    Args:
        name: Of the option.
        complaint: Why, in pydantic's words.
        kind: Pydantic's name of the complaint.
    """
    name = name[:64].encode("unicode_escape").decode()
    if kind == "extra_forbidden":
        known = ", ".join(ReconstructOptions.model_fields)
        return UsageError("unknown_option", f"there is no option '{name}'; expected one of {known}")
    return UsageError("bad_option", f"{name}: {complaint}; correct it or leave it out")


def wait_from(prefer: str) -> float | None:
    """Return the seconds that a Prefer header asks us to wait (RFC 7240).

    What we do not know of it is passed over, as the RFC wants it.
    """
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", prefer, re.IGNORECASE)
    return None if found is None else min(float(found[1]), MAX_WAIT_S)


def format_from(accept: str) -> Format | None:
    """Return the best form that an Accept header takes (RFC 9110); None where it takes none."""
    best: tuple[float, Format] | None = None
    for item in accept.split(",") if accept.strip() else ["*/*"]:
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = _weight(parameters)
        match = next((f for f, known in MEDIA_TYPES.items() if _takes(kind, known)), None)
        if match is not None and weight > 0 and (best is None or weight > best[0]):
            best = weight, match
    return None if best is None else best[1]


def _takes(pattern: str, kind: str) -> bool:
    return pattern in {"*/*", kind, kind.split("/")[0] + "/*"}


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if found := re.fullmatch(r"q=([01](?:\.\d{0,3})?)", parameter):
            return float(found[1])
    return 1.0
