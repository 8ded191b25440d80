"""What a page shows of a real video: meshes, preview and thumbnail, from `remocap serve`."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import av
import cv2
import httpx2
import numpy as np
import pytest
from safetensors.numpy import load

from tests.e2e.served import serving
from tests.service.streaming import META, joined, records
from tests.service.test_streams_frames import fine_from_coarse

pytestmark = pytest.mark.slow  # the service has to start

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"
STRETCH = {"start": "0.3", "end": "0.8"}  # seconds; the preview begins at 0


class Made:
    """A job that has succeeded, and its result as an NPZ."""

    def __init__(self, http: httpx2.Client) -> None:
        asked = STRETCH | {"wait": "280", "format": "npz", "smooth": "light"}
        files = {"video": SAMPLE.read_bytes()}
        answer = http.post("/v1/reconstruct", params=asked, files=files)
        assert answer.status_code == 200, answer.text[:300]
        self.npz: Mapping[str, np.ndarray] = dict(np.load(io.BytesIO(answer.content)))
        self._http = http
        self._url = f"/v1/jobs/{http.get('/v1/jobs').json()['jobs'][0]['id']}"

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self._http.get(f"{self._url}{path}", headers=headers)

    def topology(self, url: str) -> dict[str, np.ndarray]:
        return dict(load(self._http.get(url).content))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with serving(tmp_path_factory.mktemp("served")) as served:
        yield Made(served.http)


def test_meshes_of_coarse_rows_are_the_npzs(made: Made) -> None:
    meta, *rest = records([made.get("/frames?smooth=light").content])
    assert meta.kind == META

    vertices_m = fine_from_coarse(joined(rest), made.topology(meta.facts["topology"]))

    np.testing.assert_allclose(vertices_m, made.npz["vertices_m"], rtol=0, atol=1e-5)


def test_the_preview_shows_the_same_frames_at_the_same_times(made: Made) -> None:
    meta, *_ = records([made.get("/frames?smooth=off").content])
    with av.open(io.BytesIO(made.get("/preview.mp4?wait=60").content)) as preview:
        codec = preview.streams.video[0].codec_context.name
        shown_s = [frame.time for frame in preview.decode(video=0)]

    pts_s = np.unique(made.npz["pts_s"]) - meta.facts["first_pts_s"]
    assert codec == "h264"
    assert meta.facts["first_pts_s"] > 0.25
    assert set(pts_s.round(3)) <= set(np.round(np.array(shown_s, float), 3))


def test_the_preview_can_be_sought_in(made: Made) -> None:
    whole = made.get("/preview.mp4?wait=60").content

    part = made.get("/preview.mp4", Range="bytes=100-199")

    assert (part.status_code, part.content) == (206, whole[100:200])


def test_the_thumbnail_is_a_small_picture(made: Made) -> None:
    answer = made.get("/thumbnail.jpg?wait=60")

    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert answer.headers["content-type"] == "image/jpeg"
    assert picture is not None
    assert max(picture.shape[:2]) == 320
