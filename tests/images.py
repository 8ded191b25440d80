"""Start Redis and each role from the images that `make image` built, and have them work.

    python -m tests.images        `make try-images`; as root, with buildah and redis-server

No engine is needed: each image's file system is the root of its role, read-only, with the image's
user, variables and command, and the volumes and secrets of docker-compose.yml. All share a network
of their own, so that ports are those of the images. A clip goes through by REST and by gRPC, the
health checks of the images are asked, and all are told to end.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil

from tests.load.fleet import wait_for

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "docs" / "sample" / "walk.mp4"
ROLES = ("api", "media", "worker")
URL, RPC = "http://127.0.0.1:8000", "127.0.0.1:50051"
_INSIDE = "REMOCAP_TRY_IMAGES"
_ENTER = """
set -eu
root=$1; user=$2; folder=$3; data=$4; shift 4
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$data/hosts" "$root/etc/hosts"
for volume in data models scratch secrets; do mount --bind "$data/$volume" "$root/$volume"; done
mount --bind "$data/first-start.sh" "$root/mnt"
cd /
exec chroot --userspec="$user" "$root" /usr/bin/env -i -C "$folder" "$@"
"""


class Image:
    """A built image, as a folder.

    Attributes:
        role: Its name.
        root: Its file system.
    """

    def __init__(self, role: str) -> None:
        self.role = role
        self._container = _say("buildah", "from", "--pull-never", f"remocap-{role}")
        self.root = Path(_say("buildah", "mount", self._container))
        told = json.loads(_say("buildah", "inspect", self._container))
        self.config: Mapping[str, Any] = told["Docker"]["config"]

    def close(self) -> None:
        """Remove the container; the image stays."""
        _say("buildah", "rm", self._container)

    def command(self, data: Path, arguments: Sequence[str] | None = None) -> list[str]:
        """What runs the image's command, or another, in a name space of its own."""
        config = self.config
        given = config["Entrypoint"] + config["Cmd"] if arguments is None else list(arguments)
        variables = [*config["Env"], "REMOCAP_SECRETS_DIR=/secrets"]
        variables += ["REMOCAP_STORE_URL=file:///data/store", "REMOCAP_PUBLISH=127.0.0.1"]
        user = _say("chroot", str(self.root), "id", "-u", config["User"])
        space = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", _ENTER, "sh"]
        place = [str(self.root), f"{user}:{user}", config["WorkingDir"] or "/", str(data)]
        return [*space, *place, *variables, *given]

    def healthy(self, data: Path) -> bool:
        """What the image's own health check says."""
        kind, *check = self.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        return not subprocess.run(self.command(data, check), capture_output=True).returncode


def _say(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def volumes(folder: Path, user: int) -> None:
    """Make what docker-compose.yml mounts."""
    for name in ("data", "models", "scratch", "secrets"):
        (folder / name).mkdir()
        os.chown(folder / name, user, user)
    (folder / "first-start.sh").mkdir()
    script = (ROOT / "deploy/redis/first-start.sh").read_text()
    (folder / "first-start.sh" / "first-start.sh").write_text(script)
    (folder / "hosts").write_text("127.0.0.1 localhost redis api media worker\n")
    folder.chmod(0o755)


@contextmanager
def redis(folder: Path) -> Iterator[None]:
    """The server of this machine, with the configuration of compose."""
    own = folder / "redis"
    own.mkdir()
    text = (ROOT / "deploy/redis/redis.conf").read_text()
    text = text.replace("dir /data", f"dir {own}").replace("/secrets", f"{folder}/secrets")
    (own / "redis.conf").write_text(text)
    with (own / "log").open("wb") as log:
        process = subprocess.Popen(["redis-server", str(own / "redis.conf")], stdout=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def role(image: Image, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The image's own command; it is told to end, and has to end well.

    Raises:
        RuntimeError: It did not.
    """
    log = folder / f"{image.role}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(image.command(folder), stdout=out, stderr=out)
    try:
        yield process
    except BaseException:
        process.kill()
        print(log.read_text()[-3000:])
        raise
    (child,) = _say("pgrep", "-P", str(process.pid)).split()
    os.kill(int(child), 15)
    if (status := process.wait(90)) not in {0, 128 + 15}:
        raise RuntimeError(f"{image.role} ended with status {status}: {log.read_text()[-3000:]}")


def by_rest() -> int:
    """Rows of the result, got as the README says; checks the page on the way."""
    page = httpx2.get(URL).text
    assert '<script type="module"' in page, page[:300]
    form = {"video": SAMPLE.read_bytes()}
    query = "?wait=500&format=npz"
    answer = httpx2.post(f"{URL}/v1/reconstruct{query}", files=form, timeout=600)
    assert answer.status_code == 200, answer.text[:500]
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        file.write(answer.content)
        file.flush()
        with np.load(file.name) as result:
            assert np.isfinite(result["vertices_m"]).all()
            rows = len(result["track_id"])
    job = httpx2.get(f"{URL}/v1/jobs").json()["jobs"][0]
    glb = httpx2.get(f"{URL}{job['result_url']}?format=glb&wait=300", timeout=400)
    assert glb.content[:4] == b"glTF", glb.content[:300]  # made by the media role
    return rows


def by_grpc() -> int:
    """Rows that came as a stream."""
    import grpc

    from service.pb.remocap.v1 import reconstruction_pb2 as pb
    from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub

    def requests() -> Iterator[pb.ReconstructRequest]:
        yield pb.ReconstructRequest(options=pb.ReconstructOptions())
        video = SAMPLE.read_bytes()
        for at in range(0, len(video), 2**16):
            yield pb.ReconstructRequest(data=video[at : at + 2**16])

    with grpc.insecure_channel(RPC) as channel:
        answers = ReconstructionStub(channel).Reconstruct(requests(), timeout=600)
        return sum(len(answer.meshes.frame_index) for answer in answers)


def memory_mib(pid: int) -> float:
    """What a process and its children hold for themselves."""
    root = psutil.Process(pid)
    tree = [root, *root.children(recursive=True)]
    return sum(process.memory_full_info().uss for process in tree) / 2**20


def try_images(folder: Path) -> None:
    """Start everything, and have a clip go through twice."""
    with ExitStack() as stack:
        images = {}
        for name in ROLES:
            images[name] = Image(name)
            stack.callback(images[name].close)
        volumes(folder, 10001)
        first = images["api"].command(folder, ["/bin/sh", "/mnt/first-start.sh"])
        subprocess.run(first, check=True)
        stack.enter_context(redis(folder))
        begun_s = time.monotonic()
        running = {name: stack.enter_context(role(images[name], folder)) for name in ROLES}
        wait_for(lambda: all(image.healthy(folder) for image in images.values()), 180)
        print(f"all healthy after {time.monotonic() - begun_s:.1f} s")
        for way in (by_rest, by_grpc):
            begun_s = time.monotonic()
            print(f"{way.__name__}: {way()} rows in {time.monotonic() - begun_s:.1f} s")
        for name, process in running.items():
            print(f"{name}: {memory_mib(process.pid):.0f} MiB")
    print("all ended as they were told to")


def main() -> None:
    """Enter a network of our own, and try them there."""
    if _INSIDE not in os.environ:
        command = ["unshare", "--net", "--mount", sys.executable, "-m", "tests.images"]
        os.execvpe("unshare", command, os.environ | {_INSIDE: "1"})
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory(prefix="remocap-images-") as name:
        try_images(Path(name))


if __name__ == "__main__":
    main()
