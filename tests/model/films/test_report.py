import pytest
from rich.console import Console

from model.films.comparison import Comparison, compare
from model.films.constant import answer_constantly, constant_poses
from model.films.film import Level
from model.films.report import Row, summarise, table
from tests.model.dancers import reconstruction_of
from tests.model.films.made import BODY, found, made_truth


def compared(level: Level, seen: int) -> Comparison:
    truth = made_truth(10, level)
    return compare(reconstruction_of(*([found(truth, range(seen))] if seen else [])), truth)


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    films = [compared("none", 10), compared("heavy", 4), compared("heavy", 0)]
    poses = constant_poses([film.truth for film in films], BODY)
    return summarise(films, [[answer_constantly(f, p, BODY) for f in films] for p in poses])


def test_levels_that_occur_come_first_and_all_last(rows: tuple[Row, ...]) -> None:
    assert [(row.level, row.films) for row in rows] == [("none", 1), ("heavy", 2), ("all", 3)]


def test_frames_in_which_nobody_was_found_lower_the_coverage_alone(rows: tuple[Row, ...]) -> None:
    assert [row.coverage for row in rows] == [1, 4 / 20, 14 / 30]
    assert all(row.errors.mpvpe_mm is not None and row.errors.mpvpe_mm < 0.1 for row in rows)


def test_the_best_constant_pose_stands_beside(rows: tuple[Row, ...]) -> None:
    for row in rows:
        assert row.constant.mpvpe_mm is not None
        assert row.constant.mpvpe_mm > 10


def test_the_table_shows_every_row_and_fits_a_terminal(rows: tuple[Row, ...]) -> None:
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(table(rows))

    shown = captured.get()
    assert shown.count("constant") >= len(rows)
    assert "46.7%" in shown
    assert "…" not in shown
