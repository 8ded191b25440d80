"""What the documents tell a reader to type, import and open is there."""

import re
from pathlib import Path

import pytest
import typer

import model
from service.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def find(pattern: str) -> list[tuple[str, str]]:
    """Return (page, match) of all pages."""
    found = []
    for page in PAGES:
        name, text = str(page.relative_to(ROOT)), page.read_text(encoding="utf-8")
        found += [(name, match) for match in re.findall(pattern, text, re.MULTILINE)]
    return found


@pytest.mark.parametrize(("page", "command"), find(r"^ *(?:\.venv/bin/)?remocap ([a-z].*)$"))
def test_a_command_and_its_options_exist(page: str, command: str) -> None:
    known = typer.main.get_command(app)
    words = command.split("#")[0].split()
    while isinstance(known, typer.core.TyperGroup):
        assert words[0] in known.commands, f"{page}: remocap {command}"
        known = known.commands[words.pop(0)]

    options = {option for parameter in known.params for option in parameter.opts}
    assert {word for word in words if re.match(r"--?[a-z]", word)} <= options


@pytest.mark.parametrize(("page", "names"), find(r"^ *from model import (.*)$"))
def test_a_name_that_is_imported_is_public(page: str, names: str) -> None:
    assert set(names.split(", ")) <= set(model.__all__), page


@pytest.mark.parametrize(("page", "target"), find(r"\]\(([\w./-]+\.md)"))
def test_a_page_that_is_linked_exists(page: str, target: str) -> None:
    assert (ROOT / page).parent.joinpath(target).is_file()
