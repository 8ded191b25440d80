"""How well, and how fast, people are found and followed in a clip.

    python -m benchmarks.people CLIP... [--sheets FOLDER] [--max-people N]

Prints people, coverage, track lengths and seconds per stage. Identity switches are counted by
looking: with --sheets contact sheets with numbered squares, a frame every half second, are written
for each clip. Timings hold for the machine as loaded as it was.
"""

import argparse
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from model.stages import Stages
from model.track import track_people
from model.types import Array, Frame, Observation
from model.video import open_video

COLUMNS, ROWS, CELL_WIDTH = 5, 8, 384
COLOURS = [(255, 80, 80), (80, 220, 80), (90, 150, 255), (255, 210, 60), (230, 100, 255)]


def draw(frame: Frame, people: list[Observation]) -> Array:
    """The frame at the width of a cell, with everybody's square and number."""
    scale = CELL_WIDTH / frame.rgb.shape[1]
    cell = cv2.resize(frame.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for person in people:
        colour = COLOURS[person.track_id % len(COLOURS)]
        x0, y0, x1, y1 = np.rint(person.crop_px * scale).astype(int).tolist()
        cv2.rectangle(cell, (x0, y0), (x1, y1), colour, 1, cv2.LINE_AA)
        cv2.putText(cell, str(person.track_id), (x0 + 2, y0 + 14), 0, 0.5, colour, 1, cv2.LINE_AA)
    cv2.putText(cell, str(frame.index), (4, cell.shape[0] - 6), 0, 0.45, (255, 255, 255), 1)
    return cell


def write_sheets(cells: list[Array], folder: Path, name: str) -> None:
    """The cells in rows, forty to a sheet."""
    for first in range(0, len(cells), COLUMNS * ROWS):
        sheet = cells[first : first + COLUMNS * ROWS]
        sheet += [np.zeros_like(cells[0])] * (-len(sheet) % COLUMNS)
        rows = [np.hstack(sheet[i : i + COLUMNS]) for i in range(0, len(sheet), COLUMNS)]
        cv2.imwrite(str(folder / f"{name}_{first:04d}.png"), np.vstack(rows)[..., ::-1])


def measure(path: Path, sheets: Path | None, max_people: int | None) -> None:
    """Track one clip and print what came of it."""
    lengths: Counter[int] = Counter()
    frames = covered = 0
    cells: list[Array] = []
    stages = Stages()
    with open_video(path) as video:
        decoded = stages.iterate("decode", video)
        step = round((video.info.fps or 30) / 2)
        tracked = stages.iterate("track", track_people(decoded, max_people=max_people))
        for frame, people in tracked:
            frames += 1
            covered += bool(people)
            lengths.update(person.track_id for person in people)
            if sheets and frame.index % step == 0:
                cells.append(draw(frame, people))
    print(f"{path.name}: {frames} frames, {covered / frames:.1%} with people")
    print(f"  {len(lengths)} people, frames each: {dict(sorted(lengths.items()))}")
    for name, seconds in stages.seconds.items():
        print(f"  {name}: {seconds:.1f} s, {1000 * seconds / frames:.1f} ms a frame")
    if sheets:
        write_sheets(cells, sheets, path.stem)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--max-people", type=int)
    options = parser.parse_args()
    for clip in options.clips:
        measure(clip, options.sheets, options.max_people)


if __name__ == "__main__":
    main()
