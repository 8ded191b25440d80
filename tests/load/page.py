"""How the page plays a minute of two people, drawn by the processor: `make page-speed`.

A result of two people who walk in circles is written as a page of its own, and played in Chromium
without a graphics card, the picture at 640x360. Counted are the frames that were drawn, and the
memory that scripts hold after a collection, now and then.
"""

import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import CDPSession, Page

from model.camera import pinhole_intrinsics
from model.encode import write_mp4
from model.export.npz import write_npz
from model.reconstruction import Reconstruction
from model.registry import find_model, weights_id
from model.types import Frame, Meta, Sequence
from service.page_file import write_page
from service.shapes import load_shapes
from tests.e2e.browser import browsing, until, visiting

SECONDS, FPS = 60, 30
WIDTH, HEIGHT = 640, 360
MODEL = "remocap-anny"
LEAST_SHARE = 0.95  # of frames that are drawn, on two free cores
MOST_GROWTH_MB = 5.0


def main() -> int:
    """Write the page, play it, and print what was measured; 1 where it is not as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        page_file = prepare(Path(folder))
        with browsing() as browser, visiting(browser, page_file.as_uri()) as page:
            return play(page)


def prepare(folder: Path) -> Path:
    """Write result, video and page."""
    frames = (
        Frame(i, i / FPS, np.full((HEIGHT, WIDTH, 3), 40 + i % 100, np.uint8))
        for i in range(SECONDS * FPS)
    )
    write_mp4(frames, folder / "two.mp4")
    write_npz(two_people(), folder / "two.npz")
    write_page(folder / "two.npz", folder / "two.mp4", folder / "two.html")
    return folder / "two.html"


def two_people() -> Reconstruction:
    """Return two people who sway and walk in circles, a row each in every frame."""
    card = find_model(MODEL).card
    shapes = load_shapes(MODEL, weights_id(card), None)
    intrinsics = pinhole_intrinsics(WIDTH, HEIGHT)
    rest_m = shapes.body.rest_coarse_m
    assert rest_m is not None
    meta = Meta(
        model=MODEL,
        weights_sha256=shapes.weights_sha256,
        trained=card.trained,
        body=card.body,
        width=WIDTH,
        height=HEIGHT,
        frame_count=SECONDS * FPS,
        coverage=1.0,
        licence=card.licence,
        focal_px=float(intrinsics[0, 0]),
        focal_source="given",
    )
    people = tuple(walker(track, rest_m) for track in (1, 2))
    return Reconstruction(people, shapes.body, shapes.upsampling, meta, intrinsics)


def walker(track: int, rest_m: np.ndarray) -> Sequence:
    """Return a person who walks in a circle."""
    count = SECONDS * FPS
    pts_s = np.arange(count) / FPS
    turn = 2 * np.pi * pts_s / 8 + np.pi * track
    sway = 0.05 * np.sin(2 * np.pi * pts_s)[:, None, None] * np.array([1, 0, 0]) * rest_m[..., 1:2]
    side_px = 240 + 30 * np.cos(turn)
    centre = np.column_stack([WIDTH / 2 + 90 * np.sin(turn), np.full(count, HEIGHT / 2)])
    return Sequence(
        track_id=track,
        frame_index=np.arange(count, dtype=np.int32),
        pts_s=pts_s,
        camera=np.tile(np.float32([0.9, 0, 0]), (count, 1)),
        joint_tokens_m=np.zeros((count, 14, 3), np.float32),
        coarse_m=(rest_m + sway).astype(np.float32),
        crop_px=np.hstack([centre - side_px[:, None] / 2, centre + side_px[:, None] / 2]).astype(
            np.float32
        ),
        score=np.ones(count, np.float32),
        observed=np.ones(count, bool),
    )


def play(page: Page) -> int:
    """Play it once through, and judge."""
    until(page, "!!window.remocap && remocap.player.hasVideo.get()", within_s=180)
    page.evaluate(PREPARE)
    memory = page.context.new_cdp_session(page)
    first_mb, held_mb = heap_mb(memory), []
    since_s, busy_s, own_s = time.monotonic(), sum(psutil.cpu_times()[:3]), browser_s()
    page.evaluate("remocap.player.playing.set(true)")
    while time.monotonic() - since_s < SECONDS:
        page.wait_for_timeout(min(10_000, 1000 * (SECONDS - time.monotonic() + since_s)))
        held_mb.append(heap_mb(memory))
    seconds = time.monotonic() - since_s
    drawn = len(page.evaluate("[...drawn]"))
    busy, own_s = (sum(psutil.cpu_times()[:3]) - busy_s) / seconds, browser_s() - own_s
    size = page.evaluate("[canvas.width, canvas.height]")
    expected = min(seconds, SECONDS) * FPS
    print(f"picture {size[0]}x{size[1]}, {seconds:.1f} s")
    print(f"cores busy: {busy:.1f} of {psutil.cpu_count()}, {own_s / seconds:.1f} by the browser")
    print(f"work of the browser: {1000 * own_s / max(drawn, 1):.0f} ms of all cores a drawn frame")
    print(f"frames drawn: {drawn} of {expected:.0f}, {drawn / seconds:.1f} a second")
    print(f"memory of scripts: {first_mb:.1f} MB before, then", *(f"{mb:.1f}" for mb in held_mb))
    grown_mb = held_mb[-1] - held_mb[0]
    return int(drawn < LEAST_SHARE * expected or grown_mb > MOST_GROWTH_MB)


def browser_s() -> float:
    """Processor time of all processes of the browser so far."""
    used = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "chrom" in process.name():
                used += sum(process.cpu_times()[:2])
    return used


PREPARE = """(() => {
  const { player } = remocap;
  player.playing.set(false);
  player.loop.set(true);
  player.mode.set('scene');
  window.canvas = document.querySelector('canvas[role=img]');
  for (const part of [canvas.parentElement, canvas.closest('.stage')]) {
    part.style.cssText = 'width:640px;height:360px;min-height:0;inset:auto';
  }
  player.seekFrame(0);
  window.drawn = new Set();
  let round = 0, last = -1;
  player.onDrawn = () => {
    const frame = player.frame.get();
    if (frame < last) round++;
    last = frame;
    drawn.add(`${round}:${frame}`);
  };
})()"""


def heap_mb(session: CDPSession) -> float:
    """Memory that scripts hold, after a collection."""
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")
    return float(used["usedSize"] + used.get("backingStorageSize", 0)) / 1e6


if __name__ == "__main__":
    sys.exit(main())
