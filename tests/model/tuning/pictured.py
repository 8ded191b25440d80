"""People to teach from, made from the repository alone."""

from pathlib import Path

from model.synth.backdrop import Backdrops
from model.synth.dataset import SynthClips
from tests.model.synth.made import small_set


def plain_people(folder: Path, clips: int = 4) -> SynthClips:
    """Clips in which nobody is hidden."""
    return SynthClips(small_set(folder, clips, side=160), Backdrops(), clean=True)
