"""Run each command of README.md and docs/ as it is written, in a fresh clone: `make docs-check`.

    python -m tests.docs_check [PAGE ...]

Blocks marked ```sh and ```python are run, in order, in the root of the clone, where `clip.mp4` is
the sample clip, and with the clone's own virtual environment first on the PATH. A comment right
above a block says what else is to be known of it; pages look the same with it:

    <!-- docs-check: skip: REASON -->      no machine can be expected to run it
    <!-- docs-check: serve -->             runs on until the page ends; what follows may use it
    <!-- docs-check: needs serve -->       run while `remocap serve` runs elsewhere

Other blocks show something else than commands. The exit status is 1 where one failed.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import dedent

import httpx2

ROOT = Path(__file__).resolve().parents[1]
URL = "http://127.0.0.1:8000"  # as the pages have it
_PATIENCE_S = 1200.0
_BLOCK = re.compile(
    r"(?:^ *<!-- docs-check: (?P<told>.+?) -->\n)?^ *```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(
    r"^(?:\$ |\.venv/bin/|(?:remocap|make|pip|python3?|docker|curl|npm|git|torchrun) )"
)


@dataclass(frozen=True)
class Block:
    """Commands of a page.

    Attributes:
        page: Its path from the root.
        line: Where the block begins, from 1.
        language: `sh` or `python`.
        text: What to run.
        told: What its comment says: empty, `serve`, `needs serve`, or `skip: REASON`.
    """

    page: str
    line: int
    language: str
    text: str
    told: str

    @property
    def reason(self) -> str | None:
        """Why it is not run; None where it is."""
        return self.told.removeprefix("skip: ") if self.told.startswith("skip: ") else None

    @property
    def argv(self) -> list[str]:
        """What runs it; a shell ends at the first command that fails."""
        if self.language == "python":
            return ["python", "-c", self.text]
        return ["bash", "-euo", "pipefail", "-c", self.text]

    def __str__(self) -> str:
        """Where it is, and how it begins."""
        return f"{self.page}:{self.line}: {self.text.strip().splitlines()[0]}"


def pages(root: Path = ROOT) -> list[Path]:
    """All pages: README.md first, as it installs what the others use."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def blocks_of(page: Path, root: Path = ROOT) -> list[Block]:
    """The blocks of a page that are commands.

    Raises:
        ValueError: A comment says what we do not know, or commands are not marked as such.
    """
    text, name = page.read_text(), str(page.relative_to(root))
    found = []
    for match in _BLOCK.finditer(text):
        line = text[: match.start("text")].count("\n")
        commands = dedent(match["text"])
        told = match["told"] or ""
        if not re.fullmatch(r"|serve|needs serve|skip: .{5,}", told):
            raise ValueError(f"{name}:{line}: 'docs-check: {told}'; expected serve or skip: REASON")
        if match["language"] in {"sh", "python"}:
            found.append(Block(name, line, match["language"], commands, told))
        elif _COMMAND.match(commands):
            raise ValueError(f"{name}:{line}: commands; begin the block with ```sh")
    for number, line_text in enumerate(_BLOCK.sub(_blank, text).splitlines(), 1):
        if line_text.startswith("    ") and _COMMAND.match(line_text[4:]):
            raise ValueError(f"{name}:{number}: a command; put it into a block marked ```sh")
    return found


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


@contextmanager
def clone() -> Iterator[Path]:
    """What is committed, in a folder of its own, with the sample as clip.mp4."""
    with tempfile.TemporaryDirectory(prefix="remocap-docs-") as name:
        folder = Path(name) / "remocap"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        shutil.copy(folder / "docs/sample/walk.mp4", folder / "clip.mp4")
        yield folder


def environment(folder: Path, page: str) -> dict[str, str]:
    """Ours, but for what would have commands work on something else than the clone."""
    theirs = {"PYTHONPATH", "VIRTUAL_ENV", "CI", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    kept = {k: v for k, v in os.environ.items() if k not in theirs and "REMOCAP" not in k}
    data = folder.parent / Path(page).stem
    return kept | {
        "PATH": f"{folder}/.venv/bin:{kept['PATH']}",
        "REMOCAP_DATA_DIR": str(data),
        "REMOCAP_MODELS_DIR": str(data / "models"),
    }


def run(block: Block, folder: Path) -> bool:
    """Whether a block did what it says."""
    begun_s = time.monotonic()
    done = subprocess.run(
        block.argv,
        cwd=folder,
        env=environment(folder, block.page),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=_PATIENCE_S,
        check=False,
    )
    print(f"{'ran' if not done.returncode else 'FAILED'} in {time.monotonic() - begun_s:.0f} s")
    if done.returncode:
        print(f"status {done.returncode}; it said:\n{done.stdout[-3000:]}")
    return done.returncode == 0


@contextmanager
def served(block: Block, folder: Path) -> Iterator[None]:
    """Run a block in the background, ready at the start; it has to end well, too.

    Raises:
        RuntimeError: It did not get ready, or ended with an error.
    """
    log = folder.parent / "served.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(
            block.argv,
            cwd=folder,
            env=environment(folder, block.page),
            stdout=out,
            stderr=out,
            process_group=0,
        )
    try:
        until_s = time.monotonic() + 300
        while not _ready():
            if process.poll() is not None or time.monotonic() > until_s:
                raise RuntimeError(f"{block} did not get ready: {log.read_text()[-3000:]}")
            time.sleep(0.5)
        print("ready")
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        status = process.wait(120)
    if status:
        raise RuntimeError(f"{block} ended with status {status}: {log.read_text()[-3000:]}")


def _ready() -> bool:
    with suppress(httpx2.HTTPError, ValueError, KeyError):
        answer = httpx2.get(f"{URL}/readyz", timeout=2).json()
        return bool(answer["ready"] and any(answer["workers"].values()))
    return False


def serve_of(block: Block) -> Block:
    """The service that a block needs."""
    return replace(block, language="sh", text="exec remocap serve")


def check(page: Path, folder: Path) -> tuple[int, int, int]:
    """Run a page; how many blocks ran, failed, and were skipped."""
    ran = failed = skipped = 0
    with ExitStack() as stack:
        for block in blocks_of(page):
            print(f"{block} ... ", end="", flush=True)
            if block.told == "needs serve" and not _ready():
                stack.enter_context(served(serve_of(block), folder))
            if block.reason is not None:
                print(f"skipped: {block.reason}")
                skipped += 1
            elif block.told == "serve":
                stack.enter_context(served(block, folder))
                ran += 1
            elif run(block, folder):
                ran += 1
            else:
                failed += 1
    return ran, failed, skipped


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the pages that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path, help="of these pages only, after README.md")
    named = {page.resolve() for page in parser.parse_args(arguments).pages}
    if _ready():
        sys.exit(f"something answers at {URL}, where the pages expect their own; end it first")
    chosen = [page for page in pages() if not named or page in named or page.name == "README.md"]
    with clone() as folder:
        counts = [check(page, folder) for page in chosen]
    ran, failed, skipped = (sum(column) for column in zip(*counts, strict=True))
    print(f"\n{ran} blocks ran, {failed} failed, {skipped} were skipped")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
