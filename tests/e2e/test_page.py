"""The page in a real browser against a real `remocap serve`."""

import re
from pathlib import Path

import numpy as np
import pygltflib
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import (
    DESKTOP,
    PHONE,
    is_wider_than_shown,
    open_job,
    until,
    violations,
    visiting,
)
from tests.e2e.player import arrays, difference_m, overlap, picture, vertices_m
from tests.e2e.served import Served, problem_of

WAIT_MS = 120_000


def send(page: Page, video: Path | dict[str, object]) -> str:
    """Choose a video, as a click on the button does; the job's id, once its view is there."""
    page.get_by_label("Choose a video").set_input_files(video)  # type: ignore[arg-type]
    page.locator(".job-page").wait_for(timeout=WAIT_MS)
    return page.url.partition("#/jobs/")[2]


def test_a_video_is_sent_and_meshes_show_before_it_is_done(page: Page, long_clip: Path) -> None:
    page.add_init_script(WATCH)
    page.reload()

    send(page, long_clip)

    expect(page.get_by_role("heading", name="walk.mp4")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("person found so far")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_role("heading", name="Take it with you")).to_be_visible(timeout=WAIT_MS)
    seen = page.evaluate("seenAt")
    assert seen["player"] < seen["downloads"]


WATCH = """
window.seenAt = {};
new MutationObserver(() => {
  const player = document.querySelector('.player');
  const downloads = document.querySelector('.downloads:not([hidden])');
  if (player) seenAt.player ??= performance.now();
  if (downloads?.isConnected) seenAt.downloads ??= performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
"""Notes when the player and when the result came into sight."""


def test_the_mesh_moves_as_the_video_plays(player: Page) -> None:
    before = vertices_m(player, 1)

    player.get_by_role("button", name="Play").click()
    until(player, "remocap.player.frame.get() > 8")
    player.get_by_role("button", name="Pause").click()

    assert np.abs(vertices_m(player, 1) - before).max() > 0.005


def test_a_frame_that_is_scrubbed_to_is_that_of_the_npz(
    player: Page, served: Served, job: str
) -> None:
    npz = arrays(served, job)
    rows = (0, 11, len(npz["frame_index"]) - 1)

    apart_m = [difference_m(player, npz, row) for row in rows]

    assert max(apart_m) < 1e-4


def test_over_the_video_is_what_the_cpu_draws(player: Page, served: Served, job: str) -> None:
    npz = arrays(served, job)
    player.get_by_role("radio", name="Over the video").check()

    overlaps = [overlap(player, npz, row) for row in (3, 20, 40)]

    assert min(overlaps) >= 0.95


def test_turning_it_with_the_mouse_and_with_keys_shows_another_side(player: Page) -> None:
    player.get_by_role("radio", name="3D only").check()
    canvas = player.get_by_role("img", name=re.compile("People in 3D"))
    first = picture(player)

    canvas.drag_to(
        canvas, source_position={"x": 300, "y": 200}, target_position={"x": 450, "y": 200}
    )
    second = picture(player)
    canvas.press("ArrowRight")
    third = picture(player)

    assert (first != second).any()
    assert (second != third).any()


@pytest.mark.parametrize("what", ["Wireframe", "Joints", "Floor"])
def test_a_switch_changes_the_picture(player: Page, what: str) -> None:
    player.get_by_role("radio", name="3D only").check()
    before = picture(player)

    player.get_by_role("switch", name=what).click()

    assert (picture(player) != before).any()


def test_a_person_who_is_hidden_is_not_drawn(player: Page) -> None:
    player.get_by_role("radio", name="Over the video").check()

    player.get_by_role("checkbox", name="Person 1").uncheck()

    assert not picture(player)[..., 3].any()


def test_it_plays_and_steps_by_keys(player: Page) -> None:
    player.get_by_role("heading", name="walk.mp4").click()
    frame = player.evaluate("remocap.player.frame.get()")

    player.keyboard.press(".")
    stepped = player.evaluate("remocap.player.frame.get()")
    player.keyboard.press("Space")

    assert stepped == frame + 1
    assert player.evaluate("remocap.player.playing.get()")


def test_a_glb_is_downloaded_and_loads(player: Page, tmp_path: Path) -> None:
    with player.expect_download(timeout=WAIT_MS) as download:
        player.get_by_role("button", name=re.compile("^GLB")).click()

    download.value.save_as(tmp_path / "walk.glb")
    assert pygltflib.GLTF2().load(str(tmp_path / "walk.glb")).animations


def test_cancelling_erases_the_job(page: Page, served: Served, clip: Path) -> None:
    job_id = send(page, clip)
    page.get_by_role("button", name="Cancel").click()

    page.get_by_role("button", name="Cancel this video").click()

    expect(page.get_by_role("heading", name="Your videos")).to_be_visible()
    assert problem_of(served.http.get(f"/v1/jobs/{job_id}")) == (410, "job_deleted")


def test_a_file_that_is_no_video_is_told_with_code_and_remedy(page: Page) -> None:
    send(page, {"name": "diary.txt", "mimeType": "text/plain", "buffer": b"Dear diary\n" * 99})

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This file is not a video", timeout=WAIT_MS)
    expect(alert).to_contain_text("not_a_video")
    expect(alert.get_by_role("link", name="Send another video")).to_be_visible()


def test_a_reload_in_the_middle_goes_on(page: Page, clip: Path) -> None:
    send(page, clip)

    page.reload()

    expect(page.get_by_role("heading", name="Take it with you")).to_be_visible(timeout=WAIT_MS)
    assert until(page, "remocap.player.people.tracks.length") == 1


def test_a_lost_connection_is_told_and_found_again(page: Page, clip: Path) -> None:
    send(page, clip)

    page.context.set_offline(True)
    expect(page.get_by_text("The connection was lost")).to_be_visible(timeout=WAIT_MS)
    page.context.set_offline(False)

    expect(page.get_by_text("The connection was lost")).to_be_hidden(timeout=WAIT_MS)
    expect(page.get_by_role("heading", name="Take it with you")).to_be_visible(timeout=WAIT_MS)


def test_a_job_that_is_not_there_is_told(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/#/jobs/{'0' * 32}")

    expect(page.get_by_role("alert")).to_contain_text("unknown_job")


def test_the_list_shows_a_thumbnail(page: Page, job: str) -> None:
    item = page.locator(f'.job a[href$="{job}"]')

    expect(item.locator("img")).to_be_visible(timeout=WAIT_MS)


def test_the_first_view_is_small_and_of_one_host(browser: Browser, served: Served) -> None:
    with visiting(browser, "about:blank") as page:
        got = []
        page.on("requestfinished", lambda request: got.append(request))
        page.goto(served.url)
        page.get_by_text("Nothing here yet").or_(page.locator(".job").first).wait_for()
        sizes = [request.sizes()["responseBodySize"] for request in got]
        hosts = {request.url.split("/v1")[0].split("/assets")[0].rstrip("/") for request in got}

    assert sum(sizes) < 1_000_000
    assert hosts == {served.url}


def test_the_page_may_load_nothing_of_others(served: Served) -> None:
    policy = served.http.get("/").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize(("viewport", "colours"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_axe_finds_nothing_serious(
    browser: Browser, served: Served, job: str, viewport: dict[str, int], colours: str
) -> None:
    options = {"viewport": viewport, "color_scheme": colours, "bypass_csp": True}
    with visiting(browser, served.url, **options) as page:
        page.locator(".job a").first.wait_for()
        found = violations(page)
        open_job(page, served.url, job)
        found += violations(page)
        page.get_by_role("button", name="Share").click()
        found += violations(page)

    assert found == []


def test_nothing_is_cut_off_on_a_phone(browser: Browser, served: Served, job: str) -> None:
    with visiting(browser, served.url, viewport=PHONE, has_touch=True) as page:
        page.locator(".job a").first.wait_for()
        home = is_wider_than_shown(page)
        open_job(page, served.url, job)
        shown = is_wider_than_shown(page)

    assert not home
    assert not shown
