"""The page of a `remocap serve` in a browser; one of each for all tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from model.encode import write_mp4
from model.types import Frame
from model.video import open_video
from tests.e2e.browser import browsing, open_job, visiting
from tests.e2e.player import RESET
from tests.e2e.served import Served, serving

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    assert browser.is_connected()  # without one, nothing needs to be served
    with serving(tmp_path_factory.mktemp("page")) as served:
        yield served


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's first second and a half."""
    path = tmp_path_factory.mktemp("clip") / "walk.mp4"
    with open_video(SAMPLE, end_s=1.5) as frames:
        write_mp4(frames, path)
    return path


@pytest.fixture
def long_clip(tmp_path: Path) -> Path:
    """The sample, three times over: longer at work than a browser needs to draw its beginning."""
    path = tmp_path / "walk.mp4"
    with open_video(SAMPLE) as video:
        frames = list(video)
    again = (
        Frame(index, index / 30, frame.rgb) for index, frame in enumerate(frames + frames + frames)
    )
    write_mp4(again, path)
    return path


@pytest.fixture(scope="module")
def job(served: Served, clip: Path) -> str:
    """A finished job."""
    files = {"video": ("walk.mp4", clip.read_bytes())}
    answer = served.http.post("/v1/reconstruct?wait=200&format=npz", files=files)
    assert answer.status_code == 200, answer.text[:300]
    return str(served.http.get("/v1/jobs?limit=1").json()["jobs"][0]["id"])


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    with visiting(browser, served.url) as page:
        yield page


@pytest.fixture(scope="module")
def watching(browser: Browser, served: Served, job: str) -> Iterator[Page]:
    with visiting(browser, served.url) as page:
        open_job(page, served.url, job)
        yield page


@pytest.fixture
def player(watching: Page) -> Page:
    """The page with the finished job, paused, as it was opened."""
    watching.evaluate(RESET)
    return watching
