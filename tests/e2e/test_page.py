"""The page in a real browser against a real `remocap serve`."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pygltflib
import pytest
from playwright.sync_api import Browser, Page, expect

from model.camera import project_weak
from model.encode import write_mp4
from model.render import Solid, render
from model.types import Array
from model.video import open_video
from tests.e2e.browser import (
    DESKTOP,
    PHONE,
    browsing,
    is_wider_than_shown,
    open_job,
    until,
    violations,
    visiting,
)
from tests.e2e.served import Served, problem_of, serving

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"
WAIT_MS = 120_000


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


RESET = """(() => {
  const { player } = remocap;
  player.playing.set(false);
  for (const off of [player.wireframe, player.joints]) off.set(false);
  for (const on of [player.floor, player.follow]) on.set(true);
  player.showAll(true);
  player.mode.set('beside');
  player.seekFrame(0);
})()"""


def arrays(served: Served, job: str) -> dict[str, Array]:
    """The NPZ of a job."""
    answer = served.http.get(f"/v1/jobs/{job}/result?format=npz")
    with np.load(io.BytesIO(answer.content)) as npz:
        return {name: npz[name] for name in npz.files}


def vertices_m(page: Page, track: int) -> Array:
    """What the page draws of a person, about the pelvis."""
    packed = page.evaluate(
        "track => { const bytes = new Uint8Array(remocap.player.vertices(track).slice().buffer);"
        "return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join('')); }",
        track,
    )
    return np.frombuffer(base64.b64decode(packed), np.float32).reshape(-1, 3)


def send(page: Page, video: Path | dict[str, object]) -> str:
    """Choose a video, as a click on the button does; the job's id, once its view is there."""
    page.get_by_label("Choose a video").set_input_files(video)  # type: ignore[arg-type]
    page.locator(".job-page").wait_for(timeout=WAIT_MS)
    return page.url.partition("#/jobs/")[2]


def test_a_video_is_sent_and_meshes_show_before_it_is_done(page: Page, clip: Path) -> None:
    page.add_init_script(WATCH)
    page.reload()

    send(page, clip)

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


def difference_m(page: Page, npz: dict[str, Array], row: int) -> float:
    """How far the mesh that the page shows for a row's frame is from that row."""
    scrub(page, int(npz["frame_index"][row]))
    drawn = vertices_m(page, int(npz["track_id"][row]))
    return float(np.linalg.norm(drawn - npz["vertices_m"][row], axis=1).max())


def scrub(page: Page, frame: int) -> None:
    """Drag the slider to a frame."""
    page.get_by_role("slider", name="Frame").fill(str(frame))


def test_over_the_video_is_what_the_cpu_draws(player: Page, served: Served, job: str) -> None:
    npz = arrays(served, job)
    player.get_by_role("radio", name="Over the video").check()

    overlaps = [overlap(player, npz, row) for row in (3, 20, 40)]

    assert min(overlaps) >= 0.95


def overlap(page: Page, npz: dict[str, Array], row: int) -> float:
    """Intersection over union of what page and CPU draw of a row's frame."""
    scrub(page, int(npz["frame_index"][row]))
    shown = picture(page)[..., 3] > 127
    drawn = mask(npz, row, shown.shape[1], shown.shape[0])
    return float((shown & drawn).sum() / (shown | drawn).sum())


def picture(page: Page) -> Array:
    """The canvas as it is, RGBA; transparent where nobody is."""
    packed = page.evaluate(
        "() => remocap.player.picture().then(blob => new Promise(done => {"
        "const reader = new FileReader(); reader.onload = () => done(reader.result);"
        "reader.readAsDataURL(blob); }))"
    )
    png = np.frombuffer(base64.b64decode(packed.split(",")[1]), np.uint8)
    decoded: Array = cv2.imdecode(png, cv2.IMREAD_UNCHANGED)
    return decoded


def mask(npz: dict[str, Array], row: int, width: int, height: int) -> Array:
    """Where the CPU's rasteriser sees the people of a row's frame, at the size of the canvas."""
    scale = width / 854
    solids = []
    for at in np.flatnonzero(npz["frame_index"] == npz["frame_index"][row]):
        vertices = npz["vertices_m"][at]
        points = project_weak(vertices[None], npz["camera"][[at]], npz["crop_px"][[at]])[0]
        colours = np.ones_like(vertices)
        solids.append(Solid(points * np.float32(scale), -vertices[:, 2], colours, npz["faces"]))
    covered = np.zeros((height, width), bool)
    for layer in render(solids, width, height):
        rows, columns = layer.rgba.shape[:2]
        covered[layer.y0 : layer.y0 + rows, layer.x0 : layer.x0 + columns] |= (
            layer.rgba[..., 3] > 127
        )
    return covered


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
