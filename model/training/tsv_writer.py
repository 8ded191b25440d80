"""Writes a set in METRO's form: pictures, labels, sizes, offsets, linelist and yaml."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import yaml


class TsvSetWriter:
    """A set that is written row by row; a context manager that writes the yaml at its end.

    Args:
        folder: An existing one.
        name: Of the set; the files are called `<name>.img.tsv` and so on.
        facts: What the yaml is to say besides: `persons`, `mesh`, `fps` (see `SetFiles`).
    """

    def __init__(self, folder: Path, name: str, facts: Mapping[str, object] | None = None) -> None:
        self._facts = dict(facts or {})
        self.yaml_path = folder / f"{name}.yaml"
        self._columns = {kind: _ColumnFile(folder / f"{name}.{kind}.tsv") for kind in _KINDS}
        self._linelist = folder / f"{name}.linelist.tsv"
        self._rows = 0

    def add(
        self, key: str, jpeg: bytes, label: Mapping[str, object], height: int, width: int
    ) -> None:
        """Write a frame.

        Args:
            key: `<sequence>_<frame number>.jpg`.
            jpeg: The picture.
            label: In METRO's keys; see `model.training.labels`.
            height: Of the picture, in pixels.
            width: Of the picture, in pixels.
        """
        self._columns["img"].write(key, base64.b64encode(jpeg).decode())
        self._columns["label"].write(key, json.dumps([label]))
        self._columns["hw"].write(key, json.dumps([{"height": height, "width": width}]))
        self._rows += 1

    def close(self) -> Path:
        """Finish the files, and return the yaml's path."""
        for column in self._columns.values():
            column.close()
        self._linelist.write_text("".join(f"{row}\n" for row in range(self._rows)))
        files = {kind: column.path.name for kind, column in self._columns.items()}
        content = {**files, "linelist": self._linelist.name, **self._facts}
        self.yaml_path.write_text(yaml.safe_dump(content, sort_keys=False))
        return self.yaml_path

    def __enter__(self) -> "TsvSetWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_KINDS = ("img", "label", "hw")


class _ColumnFile:
    """A TSV file and its offsets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO = path.open("w", newline="\n")
        self._offsets: list[int] = []

    def write(self, key: str, value: str) -> None:
        self._offsets.append(self._file.tell())
        self._file.write(f"{key}\t{value}\n")

    def close(self) -> None:
        self._file.close()
        index = "".join(f"{offset}\n" for offset in self._offsets)
        self.path.with_suffix(".lineidx").write_text(index)
