"""Pictures of films, one after the other, and the truth that goes with them."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8

from model.bodies.skinning import load_anny
from model.camera import project_perspective
from model.encode import write_mp4
from model.films.film import Truth, write_truth
from model.region import Region
from model.synth.baking import label
from model.synth.film import FPS, HEIGHT, WIDTH, Actor, Film
from model.synth.framing import CIRCLE
from model.synth.gbuffer import Surface, bake
from model.synth.shade import shade
from model.synth.spoil import spoil
from model.types import Array, Frame

_SAMPLES = 2  # per pixel and axis
_REACH_PX = WIDTH  # beyond the picture that people are drawn, to know how much of them it shows


class Shot:
    """Takes the pictures of a film, in order.

    Attributes:
        visible: Of each frame taken so far, the share of the first actor that it shows.
    """

    def __init__(self, film: Film, seed: int) -> None:
        self._film = film
        self._noise = torch.Generator().manual_seed(seed)
        self._seen_m = [actor.see(actor.person.skinning) for actor in film.actors]
        self._backdrop = _fit(film.backdrop.numpy().transpose(1, 2, 0))
        self.visible: list[float] = []

    def __len__(self) -> int:
        return len(self._seen_m[0])

    def pictures(self) -> Iterator[UInt8[Array, "480 640 3"]]:
        """Take them all."""
        for frame in range(len(self)):
            rgb = torch.from_numpy(self._take(frame).transpose(2, 0, 1).copy())[None]
            spoilt = spoil(rgb.float(), self._film.spoiling, self._noise)[0]
            yield (spoilt * 255).round().to(torch.uint8).numpy().transpose(1, 2, 0)

    def _take(self, frame: int) -> Float32[Array, "480 640 3"]:
        """Lay everybody over the backdrop, the farthest first, and things over them."""
        depth_m = [float(np.median(seen_m[frame, :, 2])) for seen_m in self._seen_m]
        picture, person = self._backdrop.copy(), np.zeros((HEIGHT, WIDTH), np.float32)
        whole = 0.0
        for index in np.argsort(depth_m)[::-1]:
            layer, corner = self._draw(self._film.actors[index], self._seen_m[index][frame])
            cover = _lay_over(picture, layer, corner)
            person *= 1 - cover
            if index == 0:
                person += cover
                whole = float(layer[..., 3].sum())
        for occluder in self._film.occluders:
            x0, y0, x1, y1 = (round(float(edge)) for edge in occluder.box_px)
            rgba = occluder.rgba.numpy().transpose(1, 2, 0)
            size = (max(x1 - x0, 1), max(y1 - y0, 1))
            layer = np.asarray(cv2.resize(rgba, size, interpolation=cv2.INTER_LINEAR))
            person *= 1 - _lay_over(picture, layer, (x0, y0))
        self.visible.append(float(person.sum()) / max(whole, 1e-6))
        return picture

    def _draw(
        self, actor: Actor, vertices_m: Float32[Array, "vertices 3"]
    ) -> tuple[Float32[Array, "h w 4"], tuple[int, int]]:
        """Return colour times coverage and coverage of somebody, and where its corner is."""
        person, intrinsics = actor.person, self._film.intrinsics
        pixels = project_perspective(vertices_m[None], intrinsics)[0]
        limits = np.array([WIDTH, HEIGHT]) + _REACH_PX
        low = np.clip(np.floor(pixels.min(axis=0)), -_REACH_PX, limits - 1).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)), low + 1, limits).astype(int)
        width, height = (int(extent) for extent in high - low)
        scale = np.array([[_SAMPLES], [_SAMPLES], [1]], np.float32)
        shift = np.array([[0, 0, low[0]], [0, 0, low[1]], [0, 0, 0]], np.float32)
        surface = Surface(vertices_m, person.rest_m, person.faces, person.parts)
        buffer = bake(surface, (intrinsics - shift) * scale, width * _SAMPLES, height * _SAMPLES)
        seen: Bool[Array, "h w"] = buffer.part > 0
        part = torch.from_numpy(buffer.part[seen].astype(np.int64))
        rgb = shade(
            part,
            torch.from_numpy(buffer.normal[seen]),
            torch.from_numpy(buffer.rest_m[seen]),
            torch.zeros_like(part),
            *actor.appearance,
        )
        layer = np.zeros((*seen.shape, 4), np.float32)
        layer[seen] = np.pad(rgb.numpy(), ((0, 0), (0, 1)), constant_values=1)
        small = cv2.resize(layer, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(small), (int(low[0]), int(low[1]))


def shoot(film: Film, video: Path, truth: Path, seed: int) -> None:
    """Write a film and the truth about it.

    Raises:
        OSError: A file cannot be written.
    """
    shot = Shot(film, seed)
    frames = (Frame(i, i / FPS, rgb) for i, rgb in enumerate(shot.pictures()))
    write_mp4(frames, video, crf=film.crf)
    write_truth(tell(film, np.array(shot.visible, np.float32)), truth)


def tell(film: Film, visible: Float32[Array, "n"]) -> Truth:
    """Return what is true of a film of which so much is visible."""
    body = load_anny()
    fine = body.skinning.select(body.full_to_fine)
    labels = [label(actor.see(fine), film.intrinsics) for actor in film.actors]
    main, others = labels[0], labels[1:]
    return Truth(
        level=film.level,
        pts_s=np.arange(len(visible)) / FPS,
        coarse_m=main["coarse_m"],
        joints_m=main["joints_m"],
        translation_m=main["pelvis_m"],
        joints_px=main["joints_px"],
        square_px=_squares(main),
        others_px=np.array([_squares(o) for o in others], np.float32).reshape(-1, len(visible), 4),
        visible=visible,
        intrinsics=film.intrinsics,
    )


def _squares(labels: dict[str, Array]) -> Float32[Array, "n 4"]:
    """Return the squares that a tracker would cut out."""
    return np.stack(
        [
            Region(float(x), float(y), float(CIRCLE * extent)).crop_px
            for (x, y), extent in zip(labels["hips_px"], labels["extent_px"], strict=True)
        ]
    )


def _fit(backdrop: Float32[Array, "side side 3"]) -> Float32[Array, "480 640 3"]:
    """Fill the picture with a square backdrop, its top and bottom cut off."""
    wide = np.asarray(cv2.resize(backdrop, (WIDTH, WIDTH), interpolation=cv2.INTER_AREA))
    above = (WIDTH - HEIGHT) // 2
    return np.ascontiguousarray(wide[above : above + HEIGHT])


def _lay_over(
    picture: Float32[Array, "480 640 3"],
    layer: Float32[Array, "h w 4"],
    corner: tuple[int, int],
) -> Float32[Array, "480 640"]:
    """Draw a layer onto a picture, in place, and return how much of each pixel it covers."""
    cover = np.zeros(picture.shape[:2], np.float32)
    (x, y), (height, width) = corner, layer.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, WIDTH), min(y + height, HEIGHT)
    if x0 < x1 and y0 < y1:
        part = layer[y0 - y : y1 - y, x0 - x : x1 - x]
        under = picture[y0:y1, x0:x1]
        under[:] = under * (1 - part[..., 3:]) + part[..., :3]
        cover[y0:y1, x0:x1] = part[..., 3]
    return cover
