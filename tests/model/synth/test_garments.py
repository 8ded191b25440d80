from pathlib import Path

import numpy as np
import pytest

from model.bodies.skinning import load_anny
from model.errors import InputError
from model.synth.garments import read_garments
from model.synth.outfit import GARMENT_PARTS, Cut
from model.synth.people import clothe
from tests.model.synth.made import write_garments


def test_a_garment_is_read_and_named_by_kind(tmp_path: Path) -> None:
    write_garments(tmp_path / "g.npz")

    (garment,) = read_garments(tmp_path / "g.npz")

    assert (garment.name, garment.kind) == ("tunic_suit", "suit")
    assert garment.hides.sum() == len(garment.skinning.vertices_m)


def test_a_garment_changes_with_the_shape_as_the_body_under_it(tmp_path: Path) -> None:
    write_garments(tmp_path / "g.npz")
    (garment,) = read_garments(tmp_path / "g.npz")
    body, betas = load_anny().skinning, np.eye(10, dtype=np.float32)[:3] * 2
    rest = np.zeros((3, 24, 3), np.float32)

    worn_m = garment.skinning.pose(betas, rest)[0] - garment.skinning.vertices_m
    under_m = (body.pose(betas, rest)[0] - body.vertices_m)[:, garment.hides]

    assert np.abs(worn_m - under_m).max() < 0.01


def test_what_a_garment_hides_is_not_drawn(tmp_path: Path) -> None:
    write_garments(tmp_path / "g.npz")
    garments, body = read_garments(tmp_path / "g.npz"), load_anny()

    person = clothe(body, Cut(), np.zeros(7, np.float32), garments)

    assert (person.parts == GARMENT_PARTS["suit"]).sum() == len(garments[0].faces)
    own = person.faces[person.parts < GARMENT_PARTS["suit"]]
    assert not garments[0].hides[own].all(axis=1).any()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("f", np.array([[0, 1, 99999]], np.int32)),
        ("w", np.zeros((4, 24), np.float16)),
        ("hide", np.zeros(5, bool)),
        ("v", np.array([object()])),
    ],
)
def test_a_file_that_holds_no_garments_is_refused(
    tmp_path: Path, key: str, value: np.ndarray
) -> None:
    write_garments(tmp_path / "g.npz", **{key: value})

    with pytest.raises(InputError) as caught:
        read_garments(tmp_path / "g.npz")

    assert caught.value.code == "bad_garments"
