"""The log of a run: a JSON object a line, each with its step."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.atomic import replacing


class RunLog:
    """Appends to `path`.

    Args:
        path: The file; what a killed run wrote there is kept.
        step: The step the run goes on from: later rows, and a row that broke off, are dropped.
    """

    def __init__(self, path: Path, step: int) -> None:
        rows = [row for row in read_log(path) if row["step"] <= step]
        with replacing(path) as temporary:
            temporary.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        self._path = path

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add a row."""
        with self._path.open("a") as file:
            file.write(f"{json.dumps({'step': step, **values})}\n")


def read_log(path: Path) -> list[dict[str, Any]]:
    """The rows of a log, without one that broke off; none where there is no log."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
