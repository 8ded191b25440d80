"""The page where keys are asked for: a session for who has one, a link for who has none."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import until, visiting
from tests.e2e.served import Served, serving

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"
WAIT_MS = 120_000


@pytest.fixture(scope="module")
def key(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A key of a tenant, made before the service runs."""
    assert browser.is_connected()
    folder = tmp_path_factory.getbasetemp() / "keyed"
    done = subprocess.run(
        [sys.executable, "-m", "service", "keys", "add", "film-lab"],
        env=os.environ | {"REMOCAP_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return next(word for word in done.stdout.split() if word.startswith("rmc_"))


@pytest.fixture(scope="module")
def served(key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.getbasetemp() / "keyed"
    with serving(folder, host="127.0.0.1") as served:
        served.http.headers["Authorization"] = f"Bearer {key}"
        yield served


@pytest.fixture(scope="module")
def job(served: Served) -> str:
    files = {"video": ("walk.mp4", SAMPLE.read_bytes())}
    answer = served.http.post("/v1/reconstruct?wait=200&end=0.5&format=npz", files=files)
    assert answer.status_code == 200, answer.text[:300]
    return str(served.http.get("/v1/jobs?limit=1").json()["jobs"][0]["id"])


def test_a_key_opens_the_page_and_signing_out_closes_it(
    browser: Browser, served: Served, key: str
) -> None:
    with visiting(browser, served.url) as page:
        page.get_by_label("Key").fill("rmc_wrong")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_contain_text("key_invalid")

        page.get_by_label("Key").fill(key)
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("heading", name="Your videos")).to_be_visible()
        assert page.evaluate("document.cookie") == ""

        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Show your key")).to_be_visible()


def test_a_link_shows_one_video_to_who_has_no_key(
    browser: Browser, served: Served, key: str, job: str
) -> None:
    with visiting(browser, f"{served.url}/#/jobs/{job}") as page:
        page.get_by_label("Key").fill(key)
        page.get_by_role("button", name="Open").click()
        page.get_by_role("button", name="Share").click(timeout=WAIT_MS)
        page.get_by_role("button", name="Make a link").click()
        link = page.get_by_label("Link").input_value()

    with visiting(browser, link) as guest:
        until(guest, "!!window.remocap && remocap.player.hasVideo.get()", within_s=120)
        people = guest.evaluate("remocap.player.people.tracks.length")
        can_delete = guest.get_by_role("button", name="Delete").count()
        guest.goto(f"{served.url}/#/")
        expect(guest.get_by_role("heading", name="Show your key")).to_be_visible()

    assert people == 1
    assert can_delete == 0
