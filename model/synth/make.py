"""What `remocap synth` does: bake a set, show what one would look like, or render films."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from model.atomic import explained, replacing
from model.errors import InputError
from model.films.film import truth_of
from model.synth.backdrop import Backdrops
from model.synth.baking import bake_clips
from model.synth.dataset import BakedSet, SynthClips
from model.synth.film import draw_film
from model.synth.filming import shoot
from model.synth.garments import Garment, read_garments
from model.synth.motion import Motion, improvise_motions, read_motions
from model.synth.preview import write_preview
from model.synth.split import held_out
from model.synth.staging import WIDTH, Supplies

_IMPROVISED = 400  # motions, where none were captured
_FILM_S = 4.0  # of improvised motion, to cut films out of


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


def films(
    folder: Path,
    *,
    count: int = 48,
    seed: int = 0,
    motions: Path | None = None,
    garments: Path | None = None,
    backgrounds: Path | None = None,
    progress: Callable[[int], None] = lambda _done: None,
) -> None:
    """Render films of 3 s with their truth, of what is held out; those that are there stay.

    Args:
        folder: To write; made where it is not there.
        count: Of films; levels of occlusion take turns.
        seed: Of everything.
        motions: See `read_motions`; improvised where None.
        garments: See `read_garments`; clothes are painted where None.
        backgrounds: A folder of photos; made-up backdrops where None.
        progress: Told the number of films that are done.

    Raises:
        InputError: A file cannot be used, or nothing in it is held out.
        OutputError: The folder cannot be written.
    """
    supplies = Supplies(
        _motions(motions, True, min(_IMPROVISED, 8 + count), duration_s=_FILM_S),
        _garments(garments, True),
        Backdrops(backgrounds, evaluation=True, side=WIDTH),
    )
    with explained(folder, "choose another place"):
        folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        video = folder / f"film_{index:03}.mp4"
        if not truth_of(video).is_file():
            with replacing(truth_of(video)) as truth, replacing(video) as pictures:
                shoot(draw_film(index, seed, supplies), pictures, truth, seed=index)
        progress(index + 1)


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


def _motions(
    path: Path | None, evaluation: bool, improvised: int, duration_s: float = 3.0
) -> list[Motion]:
    if path is None:
        return improvise_motions(improvised, int(evaluation), duration_s)
    motions = [motion for motion in read_motions(path) if held_out(motion.name) == evaluation]
    if not motions:
        raise InputError("no_motions", f"{path} has no take on this side of the split; add takes")
    return motions


def _garments(path: Path | None, evaluation: bool) -> list[Garment]:
    if path is None:
        return []
    return [garment for garment in read_garments(path) if held_out(garment.name) == evaluation]
