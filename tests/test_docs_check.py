"""Every command of the pages is marked, and what is marked is found."""

from pathlib import Path

import pytest

from tests.docs_check import ROOT, blocks_of, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_is_marked(page: Path) -> None:
    blocks_of(page)


def test_blocks_are_found_with_what_their_comments_say(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n```sh\nmake demo\n```\n<!-- docs-check: serve -->\n```sh\nremocap serve\n```\n"
        "<!-- docs-check: skip: needs a GPU -->\n```sh\nremocap worker\n```\n"
        "```python\nprint(1)\n```\n```json\n{}\n```\n"
    )

    found = blocks_of(page, tmp_path)

    assert [(block.line, block.language, block.told) for block in found] == [
        (2, "sh", ""),
        (6, "sh", "serve"),
        (10, "sh", "skip: needs a GPU"),
        (13, "python", ""),
    ]
    assert [block.reason for block in found] == [None, None, "needs a GPU", None]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```\nremocap serve\n```\n", "begin the block with ```sh"),
        ("text\n\n    remocap serve\n", "put it into a block"),
        ("<!-- docs-check: skip -->\n```sh\nmake demo\n```\n", "expected serve or skip: REASON"),
    ],
)
def test_what_would_be_passed_over_is_an_error(tmp_path: Path, text: str, complaint: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)

    with pytest.raises(ValueError, match=complaint):
        blocks_of(page, tmp_path)
