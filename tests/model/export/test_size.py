"""A file that nobody could read is not begun."""

import pytest

from model.errors import OutputError
from model.export.size import MAX_BYTES, check_size


def test_the_largest_file_is_allowed() -> None:
    check_size(MAX_BYTES, "GLB")


def test_a_byte_more_is_refused_with_what_to_do() -> None:
    with pytest.raises(OutputError, match=r"as GLB this would be 2\.0 GiB.*\.npz") as raised:
        check_size(MAX_BYTES + 1, "GLB")

    assert raised.value.code == "too_large_for_format"
