"""A real browser on the page, without a graphics card: Debian's Chromium draws in software."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).parents[2] / "service/web/node_modules/axe-core/axe.min.js"
BUILT = Path(__file__).parents[2] / "service/web/dist/index.html"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@contextmanager
def browsing() -> Iterator[Browser]:
    """Run a browser while the block runs; the test skips where there is none, or no page."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("needs a browser: apt-get install chromium")
    if not BUILT.is_file():
        pytest.skip("needs the page: make page")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """Open a page of a fresh visitor; whatever goes wrong in it fails the test at the end."""
    context = browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce"} | options)
    context.set_default_timeout(60_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: "Policy" in said.text and wrong.append(said.text))
    page.goto(url)
    yield page
    context.close()
    assert wrong == []


def until(page: Page, expression: str, within_s: float = 60) -> Any:
    """Wait until an expression is true in the page; its value."""
    end_s = time.monotonic() + within_s
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < end_s, f"{expression} did not become true"
        page.wait_for_timeout(50)
    return value


def open_job(page: Page, url: str, job_id: str) -> None:
    """Show a finished job, paused at its first frame, with its video."""
    page.goto(f"{url}/#/jobs/{job_id}")
    until(page, "!!window.remocap && remocap.player.hasVideo.get()")
    page.evaluate("remocap.player.playing.set(false)")


def violations(page: Page) -> list[str]:
    """What axe-core finds that is serious or worse, each with where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then(result => result.violations)")
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:200]}"
        for violation in found
        if violation["impact"] in {"serious", "critical"}
    ]


def is_wider_than_shown(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )
