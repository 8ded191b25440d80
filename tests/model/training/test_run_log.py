from pathlib import Path

from model.training.run_log import RunLog, read_log


def test_rows_come_back(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl", step=0)

    log.write(1, {"loss": 2.5})
    log.write(2, {"loss": 1.5, "lr": 0.1})

    assert read_log(tmp_path / "log.jsonl") == [
        {"step": 1, "loss": 2.5},
        {"step": 2, "loss": 1.5, "lr": 0.1},
    ]


def test_resuming_drops_what_comes_again_and_what_broke_off(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"st')

    log = RunLog(path, step=2)
    log.write(3, {"loss": 1.0})

    assert [row["step"] for row in read_log(path)] == [1, 2, 3]
    assert read_log(path)[-1]["loss"] == 1.0


def test_there_may_be_no_log(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none.jsonl") == []
