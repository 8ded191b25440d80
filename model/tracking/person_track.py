"""One person as the tracker follows them. Knows no pictures: sightings in, forecasts out."""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64

from model.landmarks import Landmarks
from model.region import Region
from model.tracking.appearance import likeness
from model.types import Array

HISTORY = 64  # sightings kept: those that smoothing and delay look back on
MEMORY = 10  # sightings in the running means of presence, torso and colours
SPEED_MEMORY_S = 0.15
SLOWING_S = 0.5  # out of sight, somebody's speed is taken to fade this fast
MAX_GROWTH = 1.6  # of the radius, from one sighting to the next


@dataclass(frozen=True)
class Sighting:
    """A person seen in a frame.

    Attributes:
        frame_index: As in `Frame.index`.
        pts_s: As in `Frame.pts_s`.
        landmarks: What BlazePose saw.
        colours: Of the torso, as `torso_histogram` gives them.
    """

    frame_index: int
    pts_s: float
    landmarks: Landmarks
    colours: Float32[Array, "128"]

    @property
    def region(self) -> Region:
        """Where the person is."""
        return self.landmarks.region


@dataclass(eq=False)
class Track:
    """What is known of one person, from the first sighting on.

    Attributes:
        sightings: The latest, in time order.
        born: The first.
        colours: Running mean of those of the sightings.
        presence: Running mean, likewise.
        torso: Running mean of `Landmarks.torso`.
        velocity: Of the hips, in pixels per second.
        count: Sightings so far, those no longer kept included.
        moved: Whether the person has ever left the place of birth.
        confirmed: Whether this is surely a person.
        track_id: Once it has been handed out.
    """

    born: Sighting
    sightings: deque[Sighting] = field(init=False)
    colours: Float32[Array, "128"] = field(init=False)
    presence: float = field(init=False)
    torso: float = field(init=False)
    velocity: Float64[Array, "2"] = field(default_factory=lambda: np.zeros(2))
    count: int = 1
    moved: bool = False
    confirmed: bool = False
    track_id: int | None = None

    def __post_init__(self) -> None:
        self.sightings = deque([self.born], HISTORY)
        self.colours = self.born.colours
        self.presence = self.born.landmarks.presence
        self.torso = self.born.landmarks.torso

    @property
    def last(self) -> Sighting:
        """The latest sighting."""
        return self.sightings[-1]

    def at(self, frame_index: int) -> Sighting | None:
        """The sighting in a frame, if there was one and it is still kept."""
        return next((seen for seen in self.sightings if seen.frame_index == frame_index), None)

    def see(self, sighting: Sighting) -> None:
        """Take in one more sighting."""
        elapsed_s = max(sighting.pts_s - self.last.pts_s, 1e-3)
        here, before = sighting.region, self.last.region
        speed = np.array([here.x_px - before.x_px, here.y_px - before.y_px]) / elapsed_s
        keep = math.exp(-elapsed_s / SPEED_MEMORY_S) if self.count > 1 else 0.0
        self.velocity = keep * self.velocity + (1 - keep) * speed
        self.count += 1
        weight = 1 / min(self.count, MEMORY)
        self.colours = self.colours + np.float32(weight) * (sighting.colours - self.colours)
        self.presence += weight * (sighting.landmarks.presence - self.presence)
        self.torso += weight * (sighting.landmarks.torso - self.torso)
        self.moved = self.moved or here.distance(self.born.region) > 1
        self.sightings.append(sighting)

    def predict(self, pts_s: float) -> Region:
        """Where the person should be at `pts_s`, moving on as before but ever more slowly."""
        elapsed_s = pts_s - self.last.pts_s
        moved = self.velocity * SLOWING_S * (1 - math.exp(-elapsed_s / SLOWING_S))
        return self.last.region.moved(float(moved[0]), float(moved[1]))

    def surprise(self, sighting: Sighting) -> float:
        """How far the sighting is from the forecast, in radii; infinite where the size jumps."""
        growth = sighting.region.radius_px / self.last.region.radius_px
        if not 1 / MAX_GROWTH < growth < MAX_GROWTH:
            return math.inf
        return sighting.region.distance(self.predict(sighting.pts_s))

    def likeness(self, sighting: Sighting) -> float:
        """Of the clothes, 0 to 1."""
        return likeness(self.colours, sighting.colours)
