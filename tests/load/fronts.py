"""What the fronts add: time, memory, and no difference to the command line.

Scenes of `tests.load.load`. `remocap serve` and its roles run as a user runs them; figures are of
one run, with the machine's load beside them.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.e2e.served import Served, serving
from tests.load.crowd import show
from tests.load.fleet import machine

ROOT = Path(__file__).resolve().parents[2]
CLIPS = ROOT.parent / "shared" / "assets" / "videos"


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="remocap-load-"))  # short enough for a socket
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def equality(most_m: float = 5e-5) -> bool:
    """The clips beside the project, whole, all at once by curl, against the command line."""
    clips = sorted(CLIPS.iterdir())
    with _folder() as folder:
        with serving(folder / "data") as served, ThreadPoolExecutor(len(clips)) as pool:
            list(
                pool.map(lambda clip: _curl(served, clip, folder / f"{clip.name}.rest.npz"), clips)
            )
        differences = {}
        for clip in clips:
            offline = folder / f"{clip.name}.npz"
            _run(sys.executable, "-m", "service", "reconstruct", clip, "-o", offline)
            differences[clip.name] = difference_m(folder / f"{clip.name}.rest.npz", offline)
    show(
        f"largest distance of vertices from the command line's ({machine()})",
        {f"{name}, mm": 1000 * value for name, value in differences.items()}
        | {"allowed, mm": 1000 * most_m},
    )
    return max(differences.values()) <= most_m


def difference_m(one: Path, other: Path) -> float:
    """Largest distance between vertices of two results, which must have the same rows."""
    with np.load(one) as a, np.load(other) as b:
        for name in ("track_id", "frame_index", "pts_s"):
            np.testing.assert_array_equal(a[name], b[name])
        assert len(a["track_id"]) > 0
        distances_m = np.linalg.norm(a["vertices_m"] - b["vertices_m"], axis=-1)
    return float(distances_m.max())


def _curl(served: Served, video: Path, out: Path) -> None:
    url = f"{served.url}/v1/reconstruct?wait=3000&format=npz"
    _run("curl", "--fail-with-body", "-sS", "-F", f"video=@{video}", url, "-o", out)


def _run(*command: object) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-500:]
