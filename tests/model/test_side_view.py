"""A body on neutral ground."""

import numpy as np
import pytest

from model.shading import person_rgb
from model.side_view import render_side
from tests.model.dancers import dancer, reconstruction_of

BLUE = person_rgb(1)


def _silhouette(azimuth_deg: float) -> np.ndarray:
    """Where the picture is coloured; backdrop and shadow are grey."""
    result = reconstruction_of(dancer(1, [45]))
    vertices_m = result.mesh(result.sequences[0], slice(0, 1)).vertices_m[0]
    picture = render_side(vertices_m, result.body.faces, BLUE, azimuth_deg=azimuth_deg)
    return np.ptp(picture.astype(int), axis=-1) > 12


@pytest.mark.parametrize("azimuth_deg", [0.0, 45.0, 90.0, 200.0])
def test_the_whole_body_is_in_the_picture(azimuth_deg: float) -> None:
    silhouette = _silhouette(azimuth_deg)
    assert 0.05 < silhouette.mean() < 0.4
    assert not silhouette[[0, -1]].any()
    assert not silhouette[:, [0, -1]].any()


def test_front_and_back_have_mirrored_outlines() -> None:
    front, back = _silhouette(0.0), _silhouette(180.0)[:, ::-1]
    assert (front & back).sum() / (front | back).sum() > 0.7  # seen from a little above


def test_from_the_right_means_from_the_right() -> None:
    # A needle that points away from the camera points to the right of who stands on its right.
    needle_m = np.array([[0, -0.1, 0], [0, 0.1, 0], [0, 0, 0.9]], np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 1]], np.int32)
    columns = np.flatnonzero(
        (np.ptp(render_side(needle_m, faces, BLUE).astype(int), axis=-1) > 12).any(axis=0)
    )
    assert columns.min() >= 178
    assert columns.max() > 300


def test_there_is_a_shadow_on_the_ground() -> None:
    body_m = np.array([[-0.3, 0, -0.3], [0.3, 0, -0.3], [0, 0, 0.3], [0, 0.9, 0]], np.float32)
    faces = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]], np.int32)
    picture = render_side(body_m, faces, BLUE)
    assert picture[430, 150].max() < 200
    assert picture[430, 20].min() > 200
