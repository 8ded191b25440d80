"""Windows of a TSV set, cropped and augmented."""

from typing import Literal

import cv2
import numpy as np
from jaxtyping import UInt8

from model.crops import published_crop, warp
from model.errors import InputError
from model.training.augment import (
    Augmentation,
    AugmentConfig,
    crop_affine,
    draw_augmentation,
    project_to_crop,
    rotation_about_view,
    turn_joints,
    turn_pose,
)
from model.training.batch import J24_TO_J14, Sample
from model.training.labels import Label
from model.training.tsv_set import TsvSet
from model.training.windows import Window, cut_windows, group_tracks
from model.types import CROP_SIDE, Array

CropKind = Literal["antialiased", "published"]
NONE = Augmentation()


class TsvClips:
    """A set as windows of one person each.

    Args:
        rows: The set.
        crop: `published`: METRO's crop and 2D joints truncated to whole pixels.
        augment: For `sample`. Labelled meshes cannot be mirrored, so there the mirror is off.

    Raises:
        InputError: Where keys or labels are wrong, naming file and line.
    """

    def __init__(
        self,
        rows: TsvSet,
        *,
        crop: CropKind = "antialiased",
        augment: AugmentConfig | None = None,
    ) -> None:
        self.rows = rows
        self.tracks = group_tracks(rows.keys, rows.files.persons)
        self.windows = cut_windows(self.tracks)
        self._labelled = rows.files.mesh == "labelled"
        config = augment or AugmentConfig()
        self._augment = config.model_copy(update={"flip": 0.0}) if self._labelled else config
        self._crop = crop

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def frames(self) -> int:
        """Rows of the set."""
        return len(self.rows)

    @property
    def fps(self) -> float | None:
        """Frames a second, where the set says so."""
        return self.rows.files.fps

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """A window with one draw of augmentation for its 8 frames."""
        return self.read(self.windows[index], draw_augmentation(self._augment, rng))

    def read(self, window: Window, augmentation: Augmentation = NONE) -> Sample:
        """A window as the augmentation shows it."""
        rows = window.rows[::-1] if augmentation.reverse else window.rows
        frames = [self._frame(row, augmentation) for row in rows]
        try:
            return Sample(*(np.stack(field) for field in zip(*frames, strict=True)))
        except ValueError as error:  # meshes of several sizes
            raise InputError(
                "bad_label",
                f"{self.rows.where(rows[0])} and the rows after it: 'mesh_m' changes its size",
            ) from error

    def _frame(self, row: int, augmentation: Augmentation) -> tuple[Array, ...]:
        label = self.rows.label(row)
        side_px = label.side_px * augmentation.scale
        affine = crop_affine(label.center_px, side_px, augmentation.rotation_deg)
        pixels = self._pixels(row, label, affine, augmentation)
        pose, betas, mesh_m, has_mesh = self._body(row, label, augmentation)
        joints2d, joints3d_m = np.zeros((14, 3)), np.zeros((14, 4))
        if label.joints2d_px is not None:
            quantised = self._crop == "published"
            joints2d = project_to_crop(
                label.joints2d_px, affine, flip=augmentation.flip, quantised=quantised
            )[list(J24_TO_J14)]
        if label.joints3d_m is not None:
            joints3d_m = turn_joints(label.joints3d_m, augmentation)[list(J24_TO_J14)]
        floats = (joints2d, joints3d_m, pose, betas, mesh_m)
        return pixels, *(x.astype(np.float32) for x in floats), np.array(has_mesh)

    def _body(
        self, row: int, label: Label, augmentation: Augmentation
    ) -> tuple[Array, Array, Array, bool]:
        """Pose, betas, mesh and whether there is one."""
        if self._labelled:
            if label.mesh_m is None:
                raise InputError(
                    "bad_label",
                    f"{self.rows.where(row)} has no 'mesh_m'; expected one, or mesh: smpl",
                )
            mesh_m = label.mesh_m @ rotation_about_view(augmentation.rotation_deg).T
            return np.zeros(72), np.zeros(10), mesh_m, True
        if label.pose is None or label.betas is None:
            return np.zeros(72), np.zeros(10), np.zeros((0, 3)), False
        return turn_pose(label.pose, augmentation), label.betas, np.zeros((0, 3)), True

    def _pixels(
        self, row: int, label: Label, affine: Array, augmentation: Augmentation
    ) -> UInt8[Array, "224 224 3"]:
        image, gains = self.rows.image(row), augmentation.gains
        if self._crop == "published":
            pixels = published_crop(
                image,
                label.center_px,
                label.side_px * augmentation.scale / 200,
                augmentation.rotation_deg,
                augmentation.flip,
                gains,
            )
            return np.rint(pixels).astype(np.uint8)
        crop = warp(image, affine, CROP_SIDE)
        crop = cv2.flip(crop, 1) if augmentation.flip else crop
        return np.clip(np.rint(crop * np.array(gains)), 0, 255).astype(np.uint8)
