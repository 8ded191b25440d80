"""What `remocap synth` does: bake a set, or show what one would look like."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from model.errors import InputError
from model.synth.backdrop import Backdrops
from model.synth.baking import bake_clips
from model.synth.dataset import BakedSet, SynthClips
from model.synth.garments import Garment, read_garments
from model.synth.motion import Motion, improvise_motions, read_motions
from model.synth.preview import write_preview
from model.synth.split import held_out

_IMPROVISED = 400  # motions of 3 s, where none were captured


def bake(
    folder: Path,
    *,
    clips: int = 3000,
    seed: int = 0,
    motions: Path | None = None,
    garments: Path | None = None,
    evaluation: bool = False,
    side: int = 160,
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Bake a set of clips; without files of the user's, from the repository alone.

    Args:
        folder: To write; 1.4 MB a clip at 160 pixels.
        clips: Of 8 frames each.
        seed: Of everything; a set for evaluation differs from one for training all the same.
        motions: See `read_motions`; improvised where None.
        garments: See `read_garments`; clothes are painted where None.
        evaluation: Use what is held out, instead of the rest.
        side: Pixels of a picture.
        progress: Told the number of clips that are done.

    Raises:
        InputError: A file cannot be used, or nothing in it is on this side of the split.
        OSError: The folder cannot be written.
    """
    bake_clips(
        folder,
        clips=clips,
        seed=2 * seed + evaluation,
        motions=_motions(motions, evaluation, min(_IMPROVISED, 8 + clips)),
        garments=_garments(garments, evaluation),
        side=side,
        progress=progress,
    )


def preview(
    path: Path,
    *,
    clips: int = 6,
    seed: int = 0,
    motions: Path | None = None,
    garments: Path | None = None,
    backgrounds: Path | None = None,
) -> None:
    """Write a contact sheet of a few clips, with and without labels; arguments as of `bake`.

    Raises:
        InputError: As `bake`; or `backgrounds` holds no photos.
        OSError: The sheet cannot be written.
    """
    backdrops = Backdrops(backgrounds)
    with TemporaryDirectory() as folder:
        baked = Path(folder)
        bake(baked, clips=clips, seed=seed, motions=motions, garments=garments)
        write_preview(SynthClips(BakedSet(baked), backdrops), path, clips=clips, seed=seed)


def _motions(path: Path | None, evaluation: bool, improvised: int) -> list[Motion]:
    if path is None:
        return improvise_motions(improvised, seed=int(evaluation))
    motions = [motion for motion in read_motions(path) if held_out(motion.name) == evaluation]
    if not motions:
        raise InputError("no_motions", f"{path} has no take on this side of the split; add takes")
    return motions


def _garments(path: Path | None, evaluation: bool) -> list[Garment]:
    if path is None:
        return []
    return [garment for garment in read_garments(path) if held_out(garment.name) == evaluation]
