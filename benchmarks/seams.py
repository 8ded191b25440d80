"""Whether the 8-frame windows of motion disentanglement show: accelerations at their seams.

    remocap reconstruct CLIP -o result.npz
    python -m benchmarks.seams result.npz

Prints, per person, the mean acceleration of the joints over frames at a seam, inside windows, and
their ratio; and the ratio of all seams together, each measured by the inside of its own person.
Caveats: an NPZ that was smoothed hides seams; a person who moves little has no accelerations but
noise; with fewer than about 20 seams the ratio is chance.
"""

import sys
from pathlib import Path

import numpy as np

WINDOW = 8


def seam_accelerations(
    joints_m: np.ndarray, pts_s: np.ndarray, frame_index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return accelerations in m/s^2, at seams and inside windows.

    Args:
        joints_m: [n, joints, 3] of one person's observed rows.
        pts_s: [n] times.
        frame_index: [n] frames; windows are counted from the start of each run of them.
    """
    ends = np.flatnonzero(np.diff(frame_index) > 1) + 1
    at_seams, inside = [np.empty(0)], [np.empty(0)]
    for rows in np.split(np.arange(len(pts_s)), ends):
        steps_s = np.diff(pts_s[rows])
        velocities = np.diff(joints_m[rows], axis=0) / steps_s[:, None, None]
        middle_s = (steps_s[1:] + steps_s[:-1]) / 2
        changes = np.linalg.norm(np.diff(velocities, axis=0), axis=2).mean(axis=1) / middle_s
        place = np.arange(1, len(rows) - 1) % WINDOW  # of the middle of its three frames
        seam = (place == 0) | (place == WINDOW - 1)
        if len(rows) > WINDOW:
            at_seams.append(changes[seam])
            inside.append(changes[~seam])
    return np.concatenate(at_seams), np.concatenate(inside)


def main() -> None:
    """Print a line per person."""
    with np.load(Path(sys.argv[1])) as result:
        columns = {c: result[c] for c in ("track_id", "frame_index", "pts_s", "observed")}
        joints_m = result["joints3d_m"]
    print("person  seams  at seams  inside  ratio   (m/s^2)")
    ratios = []
    for track_id in np.unique(columns["track_id"]):
        mine = (columns["track_id"] == track_id) & columns["observed"]
        seam, inside = seam_accelerations(
            joints_m[mine], columns["pts_s"][mine], columns["frame_index"][mine]
        )
        if len(seam):
            ratios.append(seam / inside.mean())
            print(
                f"{track_id:6d} {len(seam) // 2:6d} {seam.mean():9.2f} {inside.mean():7.2f} "
                f"{ratios[-1].mean():6.2f}"
            )
    if ratios:
        together = np.concatenate(ratios)
        print(f"   all {len(together) // 2:6d} {together.mean():24.2f}")


if __name__ == "__main__":
    main()
