"""What a client looks at before it sends."""

from pathlib import Path

import pytest

from model.errors import InputError
from service.client_sending import size_of


def test_a_file_has_its_size(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"video")

    assert size_of(tmp_path / "clip.mp4") == 5


@pytest.mark.parametrize(
    ("name", "code"), [("gone.mp4", "video_not_found"), (".", "video_unreadable")]
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        size_of(tmp_path / name)

    assert caught.value.code == code
