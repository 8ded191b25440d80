"""A data set in METRO's form: a yaml that names pictures, labels, sizes and which rows count.

    img: train.img.tsv              key, ..., base64 JPEG in the last column
    label: train.label.tsv          key, JSON list with one label
    hw: train.hw.tsv                key, height and width
    linelist: train.linelist.tsv    the rows that belong to the set, in its order

Paths are relative to the yaml. In a composite set (`composite: true`) each of them is a list of
files, and the linelist gives `source<TAB>row`. What METRO's code knows about its sets, ours reads
from the same yaml: `persons`, `mesh` and `fps`.
"""

import base64
import binascii
import functools
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import yaml
from jaxtyping import UInt8
from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, ValidationError

from model.errors import InputError
from model.training.labels import Label, parse_label
from model.training.tsv import TsvFile
from model.types import Array

Row = tuple[int, int]  # source, row in it
MeshKind = Literal["smpl", "labelled"]


class SetFiles(BaseModel):
    """The contents of the yaml. Keys that METRO's yamls have besides are of no use here.

    Attributes:
        img: File or files of pictures.
        label: File or files of labels.
        linelist: Which rows belong to the set; all where absent.
        composite: Whether there are several files each.
        persons: Persons per sequence, where there are several (see `group_tracks`).
        mesh: Where meshes come from: `smpl` for pose and betas, `labelled` for `mesh_m`.
        fps: Frames per second, where it is known.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    img: str | list[str]
    label: str | list[str]
    linelist: str | None = None
    composite: bool = False
    persons: dict[str, PositiveInt] = {}
    mesh: MeshKind = "smpl"
    fps: PositiveFloat | None = None


class TsvSet:
    """The rows of a set, in the order of its linelist. Pictures and labels are never mixed up.

    Args:
        path: The yaml.

    Attributes:
        files: Its contents.

    Raises:
        InputError: `bad_yaml`, `missing_file` or `bad_tsv`, naming the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = files = read_yaml(path)
        self._images = self._open(files.img)
        self._labels = self._open(files.label)
        if [len(f) for f in self._images] != [len(f) for f in self._labels]:
            raise InputError(
                "bad_yaml",
                f"{path}: 'img' and 'label' differ in length; expected a label a picture",
            )
        self._rows = self._read_linelist(files) if files.linelist else self._all_rows()

    def __len__(self) -> int:
        return len(self._rows)

    @functools.cached_property
    def keys(self) -> list[str]:
        """Names of the frames, such as `downtown_bus_00/image_00000.jpg`."""
        return [self._labels[source].row(row)[0] for source, row in self._rows]

    def label(self, index: int) -> Label:
        """What is known of a frame.

        Raises:
            InputError: `bad_tsv` or `bad_label`, naming file and line.
        """
        source, row = self._rows[index]
        file = self._labels[source]
        columns = file.row(row)
        if len(columns) < 2:
            raise file.error(row, "has no second column", "expected a key and a JSON label")
        return parse_label(columns[1], f"{file.path}, line {row + 1}")

    def image(self, index: int) -> UInt8[Array, "height width 3"]:
        """The picture of a frame, RGB.

        Raises:
            InputError: `bad_tsv`, naming file and line.
        """
        source, row = self._rows[index]
        file, columns = self._images[source], self._images[source].row(row)
        if columns[0] != self.keys[index]:
            raise file.error(row, f"is {columns[0]}, its label {self.keys[index]}", "align them")
        try:
            data = np.frombuffer(base64.b64decode(columns[-1], validate=True), np.uint8)
        except binascii.Error as error:
            raise file.error(row, "ends in no base64", "expected a JPEG") from error
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
        if bgr is None:
            raise file.error(row, "holds no decodable picture", "expected a JPEG")
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)

    def where(self, index: int) -> str:
        """File and line of a frame's label, for messages."""
        source, row = self._rows[index]
        return f"{self._labels[source].path}, line {row + 1}"

    def _open(self, names: str | list[str]) -> list[TsvFile]:
        names = [names] if isinstance(names, str) else names
        return [TsvFile(self.path.parent / name) for name in names]

    def _all_rows(self) -> list[Row]:
        return [(s, row) for s, file in enumerate(self._labels) for row in range(len(file))]

    def _read_linelist(self, files: SetFiles) -> list[Row]:
        path = self.path.parent / str(files.linelist)
        try:
            lines = path.read_text().splitlines()
        except OSError as error:
            raise InputError("missing_file", f"{path} cannot be read ({error.strerror})") from error
        return [self._parse_line(line, files.composite, path, i) for i, line in enumerate(lines)]

    def _parse_line(self, line: str, composite: bool, path: Path, index: int) -> Row:
        expected = "source<TAB>row" if composite else "one row"
        try:
            source, row = map(int, line.split("\t")) if composite else (0, int(line))
        except ValueError:
            source, row = -1, -1
        if not (0 <= source < len(self._labels) and 0 <= row < len(self._labels[source])):
            raise InputError(
                "bad_tsv",
                f"{path}, line {index + 1} is {line[:40]!r}; expected {expected} of the set",
            )
        return source, row


def read_yaml(path: Path) -> SetFiles:
    """Read and check a set's yaml.

    Raises:
        InputError: `missing_file` or `bad_yaml`.
    """
    try:
        content: Any = yaml.safe_load(path.read_text())
        files = SetFiles.model_validate(content)
    except OSError as error:
        raise InputError("missing_file", f"{path} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise InputError("bad_yaml", f"{path} describes no data set: {reason}") from error
    if not files.composite and not isinstance(files.img, str):
        raise InputError("bad_yaml", f"{path} lists several files; expected 'composite: true'")
    return files
