from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from model.errors import InputError
from model.training.tsv_set import TsvSet
from tests.model.training.sets import make_jpeg, make_label, write_set


def replace_line(path: Path, line: int, text: str) -> None:
    """Change a line and drop the offsets, which no longer fit."""
    lines = path.read_text().splitlines()
    lines[line] = text
    path.write_text("\n".join(lines) + "\n")
    path.with_suffix(".lineidx").unlink()


def test_pictures_and_labels_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    label, jpeg = make_label(rng), make_jpeg(rng)
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)

    rows = TsvSet(write_set(tmp_path, {"a": 2}))

    assert rows.keys == ["a/image_00000.jpg", "a/image_00001.jpg"]
    np.testing.assert_array_equal(rows.image(0), bgr[..., ::-1])
    np.testing.assert_allclose(rows.label(0).betas, label["betas"], rtol=1e-6)


def test_the_linelist_picks_label_and_picture_alike(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"a": 4})
    whole = TsvSet(path)
    (tmp_path / "train.linelist.tsv").write_text("3\n1\n")

    picked = TsvSet(path)

    assert picked.keys == [whole.keys[3], whole.keys[1]]
    np.testing.assert_array_equal(picked.image(0), whole.image(3))
    np.testing.assert_array_equal(picked.label(0).pose, whole.label(3).pose)


def test_a_composite_set_picks_source_and_row(tmp_path: Path) -> None:
    write_set(tmp_path, {"a": 2}, name="one")
    write_set(tmp_path, {"b": 2}, name="two")
    kinds = {k: [f"one.{k}.tsv", f"two.{k}.tsv"] for k in ("img", "label", "hw")}
    (tmp_path / "lines.tsv").write_text("1\t0\n0\t1\n")
    path = tmp_path / "both.yaml"
    path.write_text(yaml.safe_dump({"composite": True, "linelist": "lines.tsv", **kinds}))

    rows = TsvSet(path)

    assert rows.keys == ["b/image_00000.jpg", "a/image_00001.jpg"]
    np.testing.assert_array_equal(rows.image(0), TsvSet(tmp_path / "two.yaml").image(0))


@pytest.mark.parametrize("line", ["9", "-1", "x", "0\t0"])
def test_a_wrong_linelist_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    path = write_set(tmp_path, {"a": 2})
    (tmp_path / "train.linelist.tsv").write_text(f"0\n{line}\n")

    with pytest.raises(InputError, match=r"train\.linelist\.tsv, line 2"):
        TsvSet(path)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("img", "a/image_00001.jpg\tnot base64", "img.tsv, line 2 ends in no base64"),
        ("img", "a/image_00001.jpg\tAAAA", "img.tsv, line 2 holds no decodable"),
        ("img", "b/image_00007.jpg\tAAAA", "img.tsv, line 2 is b/image_00007"),
        ("label", "a/image_00001.jpg", "label.tsv, line 2 has no second column"),
        ("label", "a/image_00001.jpg\t[", "label.tsv, line 2 holds no usable label"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, kind: str, text: str, message: str) -> None:
    path = write_set(tmp_path, {"a": 3})
    replace_line(tmp_path / f"train.{kind}.tsv", 1, text)
    rows = TsvSet(path)

    with pytest.raises(InputError, match=message):
        rows.label(1) if kind == "label" else rows.image(1)


@pytest.mark.parametrize(
    "text", ["", "img: [", "img: 3", "- a", "img: a.tsv", "img: [a]\nlabel: [a]"]
)
def test_a_yaml_that_describes_no_set_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)

    with pytest.raises(InputError, match=r"x\.yaml") as caught:
        TsvSet(path)

    assert caught.value.code == "bad_yaml"


def test_a_set_without_a_label_a_picture_is_refused(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"a": 3})
    label = tmp_path / "train.label.tsv"
    label.write_text("\n".join(label.read_text().splitlines()[:2]))
    label.with_suffix(".lineidx").unlink()

    with pytest.raises(InputError, match="differ in length"):
        TsvSet(path)
