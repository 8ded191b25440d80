"""What the player of the page shows of a result, and what it should."""

import base64
import io

import cv2
import numpy as np
from playwright.sync_api import Page

from model.camera import project_weak
from model.render import Solid, render
from model.types import Array
from tests.e2e.served import Served

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


def difference_m(page: Page, npz: dict[str, Array], row: int) -> float:
    """How far the mesh that the page shows for a row's frame is from that row."""
    scrub(page, int(npz["frame_index"][row]))
    drawn = vertices_m(page, int(npz["track_id"][row]))
    return float(np.linalg.norm(drawn - npz["vertices_m"][row], axis=1).max())


def scrub(page: Page, frame: int) -> None:
    """Drag the slider to a frame."""
    page.get_by_role("slider", name="Frame").fill(str(frame))


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
