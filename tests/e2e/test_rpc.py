"""gRPC as a user meets it: the service in its own processes, the real model, a paced video."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.served import Served, serving

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "docs" / "sample" / "walk.mp4"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("rpc")) as served:
        yield served


def readme_program() -> str:
    """The Python of the section on gRPC."""
    section = (ROOT / "README.md").read_text().split("### Streaming over gRPC")[1]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


def run(program: list[str], folder: Path, path: Path | None = None) -> str:
    """Run Python in a folder, with ours to import or, with `path`, what lies there."""
    done = subprocess.run(
        [sys.executable, *program],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(path or ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_address_is_told(served: Served) -> None:
    assert f"gRPC at {served.rpc}" in served.said()


def test_the_readme_program_works(served: Served, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(SAMPLE.read_bytes())
    program = readme_program().replace("127.0.0.1:50051", served.rpc)

    said = run(["-c", program], tmp_path)

    assert sum(int(n) for n in re.findall(r"\((\d+), 6890, 3\)", said)) == 120


@pytest.mark.shared
@pytest.mark.slow
def test_a_paced_video_is_answered_while_it_comes(
    served: Served, shared: Path, tmp_path: Path
) -> None:
    video = shared / "assets/videos/sam2_dog.mp4"
    stubs(tmp_path)
    client = str(ROOT / "tests/e2e/proto_client.py")

    paced = [client, served.rpc, str(video), "9.66", "300", "stream.npz"]
    said = run(paced, tmp_path, path=tmp_path).split()

    job_id, first_s, sent_s = said[0], float(said[1]), float(said[2])
    assert first_s < sent_s
    assert distance_m(served, job_id, tmp_path / "stream.npz") < 5e-5


def stubs(folder: Path) -> None:
    """What protoc makes of the proto, as anybody makes it."""
    include = [f"-I{ROOT / 'proto'}", f"-I{files('grpc_tools') / '_proto'}"]
    outs = ["--python_out=.", "--grpc_python_out=."]
    run(["-m", "grpc_tools.protoc", *include, *outs, "remocap/v1/reconstruction.proto"], folder)


def distance_m(served: Served, job_id: str, stream: Path) -> float:
    """Largest distance of a stream's vertices from REST's, which must have the same rows."""
    answer = served.http.get(f"/v1/jobs/{job_id}/result?format=npz&wait=60")
    assert answer.status_code == 200, answer.text[:300]
    with np.load(io.BytesIO(answer.content)) as rest, np.load(stream) as told:
        for name in ("track_id", "frame_index"):
            np.testing.assert_array_equal(rest[name], told[name])
        distances_m = np.linalg.norm(rest["vertices_m"] - told["vertices_m"], axis=-1)
    return float(distances_m.max())
