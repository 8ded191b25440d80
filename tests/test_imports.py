"""What a role does not have, it must not need: no torch in the fronts, no video code either."""

import subprocess
import sys

import pytest

LIGHT = (
    "model",
    "model.assemble",
    "model.bodies",
    "model.camera",
    "model.clips",
    "model.config",
    "model.reconstruction",
    "model.registry",
    "model.smooth",
    "model.upsample",
    "model.export",
    "model.export.glb",
    "model.export.json",
    "model.export.npz",
    "model.export.obj",
    "service.cli",
    "service.clip_file",
    "service.exports",
    "service.media",
    "service.results",
    "service.settings",
    "service.show",
)
MEDIA = (
    "model.crops",
    "model.evidence",
    "model.export.overlay",
    "model.extract",
    "model.track",
    "model.tracks_file",
    "model.video",
    "service.media_child",
)
BLOCKED = "import sys; sys.modules.update(dict.fromkeys({libraries!r})); import {module}"


def imports_without(module: str, *libraries: str) -> subprocess.CompletedProcess[str]:
    code = BLOCKED.format(libraries=libraries, module=module)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", LIGHT)
def test_fronts_need_neither_torch_nor_video_code(module: str) -> None:
    done = imports_without(module, "torch", "cv2", "av", "ai_edge_litert")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", MEDIA)
def test_media_needs_no_torch(module: str) -> None:
    done = imports_without(module, "torch")

    assert done.returncode == 0, done.stderr


def test_an_import_of_what_is_blocked_does_fail() -> None:
    assert imports_without("model.network", "torch").returncode != 0
