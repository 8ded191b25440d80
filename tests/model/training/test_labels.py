import json
from typing import Any

import numpy as np
import pytest

from model.errors import InputError
from model.training.labels import encode_mesh, parse_label
from tests.model.training.sets import make_label


def label_with(**changes: Any) -> str:
    return json.dumps([make_label(np.random.default_rng(0)) | changes])


def test_reads_metros_keys() -> None:
    written = make_label(np.random.default_rng(0))

    label = parse_label(json.dumps([written]), "x")

    assert label.side_px == 50
    np.testing.assert_allclose(label.joints2d_px, written["2d_joints"][0], rtol=1e-6)
    np.testing.assert_allclose(label.joints3d_m, written["3d_joints"], rtol=1e-6)
    np.testing.assert_allclose(label.pose, written["pose"], rtol=1e-6)


def test_what_the_label_disclaims_is_not_known() -> None:
    label = parse_label(label_with(has_2d_joints=0, has_3d_joints=0, has_smpl=0, pose=[]), "x")

    assert label.joints2d_px is label.joints3d_m is label.pose is label.betas is None


def test_a_mesh_comes_back_to_half_a_millimetre() -> None:
    mesh_m = np.random.default_rng(1).uniform(-1, 1, (6890, 3)).astype(np.float32)

    label = parse_label(label_with(**encode_mesh(mesh_m)), "x")

    assert label.mesh_m is not None
    assert np.abs(label.mesh_m - mesh_m).max() < 0.0005


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"center": [1.0]}, "center"),
        ({"center": [1.0, float("nan")]}, "center"),
        ({"scale": 0}, "scale"),
        ({"2d_joints": [[1, 2, 3]]}, "2d_joints"),
        ({"3d_joints": [[float("nan")] * 4] * 24}, "3d_joints"),
        ({"pose": ["x"] * 72}, "pose"),
        ({"betas": [[1, 2], [3]]}, "betas"),
        ({"mesh_m": "*"}, "mesh_m"),
        ({"mesh_m": "AAAA"}, "mesh_m"),
        ({"mesh_m": "AAAA", "mesh_dtype": "object"}, "mesh_dtype"),
    ],
)
def test_a_wrong_key_is_named_with_file_and_line(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=rf"x\.tsv, line 7 .*{named}") as caught:
        parse_label(label_with(**changes), "x.tsv, line 7")

    assert caught.value.code == "bad_label"
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("text", ["", "{}", "[]", "[1]", "[{}, {}]", "[" * 5000])
def test_what_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no usable label"):
        parse_label(text, "x")
