"""Made-up people: the built-in body at rest, turning and swaying, where the camera wants it."""

from collections.abc import Sequence as Items

import numpy as np

from model.bodies import load_body
from model.camera import pinhole_intrinsics
from model.reconstruction import Reconstruction
from model.types import Frame, Meta, Sequence
from model.upsample import Upsampling

WIDTH, HEIGHT, FPS = 320, 180, 30


def dancer(
    track_id: int = 1,
    frame_index: Items[int] = range(10),
    centre: tuple[float, float] = (0.5, 0.5),
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Sequence:
    """A person who turns once in 3 s and sways, in a square as high as the image."""
    frames = np.array(frame_index, np.int32)
    pts_s = frames / FPS
    count, side = len(frames), size[1]
    corner = np.array(size) * centre - side / 2
    body = load_body("anny")
    assert body.rest_coarse_m is not None
    assert body.rest_joints_m is not None
    return Sequence(
        track_id=track_id,
        frame_index=frames,
        pts_s=pts_s,
        camera=np.tile(np.array([0.95, 0.0, -0.05], np.float32), (count, 1)),
        joint_tokens_m=_dance(body.rest_joints_m, pts_s + track_id),
        coarse_m=_dance(body.rest_coarse_m, pts_s + track_id),
        crop_px=np.tile(np.hstack([corner, corner + side]).astype(np.float32), (count, 1)),
        score=np.full(count, 0.9, np.float32),
        observed=np.ones(count, bool),
    )


def repeated(rows: int) -> Sequence:
    """Somebody who stands still for so many rows, in the memory of one."""
    one = vars(dancer(1, range(1)))
    arrays = {k: np.broadcast_to(v, (rows, *v.shape[1:])) for k, v in one.items() if np.ndim(v)}
    times = {"frame_index": np.arange(rows, dtype=np.int32), "pts_s": np.arange(rows) / FPS}
    return Sequence(**one | arrays | times)


def reconstruction_of(
    *sequences: Sequence, trained: bool = True, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Reconstruction:
    """A result that shows these people."""
    body = load_body("anny")
    assert body.coarse_to_intermediate is not None
    intrinsics = pinhole_intrinsics(*size)
    return Reconstruction(
        sequences=sequences,
        body=body,
        upsampling=Upsampling.from_layers(
            body.coarse_to_intermediate, np.zeros(1723, np.float32), body
        ),
        meta=Meta(
            model="made-up",
            weights_sha256="0" * 64,
            trained=trained,
            body="anny",
            width=size[0],
            height=size[1],
            frame_count=int(max((s.frame_index[-1] for s in sequences), default=0)) + 1,
            coverage=1.0,
            licence=body.licence,
            focal_px=float(intrinsics[0, 0]),
            focal_source="assumed: image diagonal",
        ),
        intrinsics=intrinsics,
    )


def grey_frames(count: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> list[Frame]:
    """Even grey pictures with the times of the dancers."""
    picture = np.full((size[1], size[0], 3), 128, np.uint8)
    return [Frame(index, index / FPS, picture) for index in range(count)]


def _dance(points_m: np.ndarray, pts_s: np.ndarray) -> np.ndarray:
    """Turn about the vertical, and lean the more the higher a point is."""
    angle = 2 * np.pi * pts_s / 3
    turn = np.zeros((len(angle), 3, 3))
    turn[:, 0, 0] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 0, 2], turn[:, 2, 0], turn[:, 1, 1] = np.sin(angle), -np.sin(angle), 1
    turned = points_m @ turn.transpose(0, 2, 1)
    turned[..., 0] += 0.2 * np.sin(3 * angle)[:, None] * turned[..., 1]
    return turned.astype(np.float32)
