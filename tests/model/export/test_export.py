"""Dispatch by the name's ending, on a real video; and what is not there yet when all fails."""

from pathlib import Path

import pytest

from model.encode import write_mp4
from model.errors import OutputError, UsageError
from model.export import FORMATS, check_target, write
from model.reconstruction import Reconstruction
from model.stages import Stages
from tests.model.dancers import dancer, grey_frames, reconstruction_of


@pytest.fixture(scope="module")
def result() -> Reconstruction:
    return reconstruction_of(dancer(1, range(4)))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video" / "source.mp4"
    path.parent.mkdir()
    write_mp4(grey_frames(4), path)
    return path


@pytest.mark.parametrize("suffix", [*FORMATS, ".GLB"])
def test_the_ending_chooses_the_format(
    result: Reconstruction, video: Path, tmp_path: Path, suffix: str
) -> None:
    starts = {
        ".npz": b"PK",
        ".glb": b"glTF",
        ".mp4": b"\0\0\0",
        ".zip": b"PK",
        ".json": b"{",
        ".png": b"\x89PNG",
    }
    write(result, tmp_path / f"out{suffix}", source=video)
    data = (tmp_path / f"out{suffix}").read_bytes()
    assert data.startswith(starts[suffix.lower()])


def test_an_unknown_ending_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'out\.fbx' .*\.npz \(arrays\), \.glb") as caught:
        check_target(tmp_path / "out.fbx")
    assert caught.value.code == "unknown_format"


@pytest.mark.parametrize("name", ["out.mp4", "out.png"])
def test_what_shows_the_video_needs_it(result: Reconstruction, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name it, or write another form"):
        write(result, tmp_path / name)


def test_a_folder_that_is_absent_is_noticed_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="create it first"):
        check_target(tmp_path / "absent" / "out.npz")


def test_rows_of_several_outputs_are_counted_on(result: Reconstruction, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    stages = Stages(watch=lambda *stage: told.append(stage))
    for name in ("a.npz", "b.json"):
        write(result, tmp_path / name, stages=stages)
    assert told == [("write", 4, 4), ("write", 8, 8)]
    assert stages.seconds["write"] > 0


@pytest.mark.parametrize("suffix", list(FORMATS))
def test_a_full_disk_leaves_nothing(
    result: Reconstruction, video: Path, tiny_disk: Path, suffix: str
) -> None:
    filler = tiny_disk / "filler"
    filler.write_bytes(bytes(64 << 10))
    with pytest.raises(OutputError, match="is full; free some space") as caught:
        write(result, tiny_disk / f"out{suffix}", source=video)
    assert caught.value.code == "disk_full"
    assert list(tiny_disk.iterdir()) == [filler]
