"""What is shown at the end, and how far things are meanwhile."""

import io
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from service.show import ProgressBars, summary
from tests.model.dancers import dancer, reconstruction_of


def printed(table: Table) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_summary_tells_who_was_seen_and_what_took_how_long() -> None:
    result = reconstruction_of(dancer(1, range(30)), dancer(2, range(10, 20)))

    text = printed(summary(result, {"decode": 1.0, "network": 2.0}))

    lines = {" ".join(line.split()) for line in text.splitlines()}
    assert {
        "people 2",
        "frames 30, of which 100.0% show somebody",
        "person 1 30 frames, 0.00 to 0.97 s",
        "person 2 10 frames, 0.33 to 0.63 s",
        "decode video 1.00 s",
        "network 2.00 s",
        "together 3.00 s, 10.0 frames/s",
    } <= lines


def test_the_summary_repeats_the_notes() -> None:
    result = reconstruction_of(dancer(1, range(3)))
    noted = replace(result, meta=replace(result.meta, notes=("damaged packets skipped: 2",)))

    assert "damaged packets skipped: 2" in printed(summary(noted, {}))


def test_a_stage_gets_its_bar_with_its_first_item() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with ProgressBars(console) as bars:
        bars("decode", 3, 12)

    assert isinstance(console.file, io.StringIO)
    assert "decode video" in console.file.getvalue()
    assert "3/12" in console.file.getvalue()
