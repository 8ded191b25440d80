"""Options: from the query, from fields, from headers; and what is said of those that are wrong."""

import pytest

from model.errors import UsageError
from service.options import Format, ReconstructOptions, format_from, wait_from, with_fields


def test_fields_are_laid_over_the_query() -> None:
    query = ReconstructOptions(max_people=2, smooth="light")

    options = with_fields(query, {"smooth": "strong", "start": "1.5"})

    assert options == ReconstructOptions(max_people=2, smooth="strong", start=1.5)


@pytest.mark.parametrize(
    ("fields", "code", "name"),
    [
        ({"wait": "soon"}, "bad_option", "wait"),
        ({"wait": "-1"}, "bad_option", "wait"),
        ({"start": "nan"}, "bad_option", "start"),
        ({"focal": "0"}, "bad_option", "focal"),
        ({"max_people": "1.5"}, "bad_option", "max_people"),
        ({"model": "../../etc"}, "bad_option", "model"),
        ({"format": "exe"}, "bad_option", "format"),
        ({"smoth": "light"}, "unknown_option", "smoth"),
        ({"a\nb": "1"}, "unknown_option", r"a\nb"),
    ],
)
def test_an_option_that_is_wrong_is_named(fields: dict[str, str], code: str, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_fields(ReconstructOptions(), fields)

    assert caught.value.code == code
    assert name in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("prefer", "wait_s"),
    [
        ("wait=300", 300),
        ("respond-async, WAIT = 10", 10),
        ('wait="5"', 5),
        ("wait=99999", 3600),
        ("", None),
        ("await=3", None),
        ("wait=soon", None),
    ],
)
def test_prefer_says_how_long_to_wait(prefer: str, wait_s: float | None) -> None:
    assert wait_from(prefer) == wait_s


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Format.npz),
        ("*/*", Format.npz),
        ("application/json", Format.json),
        ("model/gltf-binary;q=0.5, video/*", Format.mp4),
        ("text/html, application/*;q=0.1, image/png;q=0.2", Format.png),
        ("text/html", None),
        ("video/mp4;q=0", None),
        (";;,q=,/", None),
    ],
)
def test_accept_chooses_the_form(accept: str, form: Format | None) -> None:
    assert format_from(accept) == form
