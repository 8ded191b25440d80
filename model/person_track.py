"""One person as the tracker follows them. Knows no pictures: sightings in, forecasts out."""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from model.appearance import likeness
from model.landmarks import Landmarks
from model.region import Region
from model.types import Array

HISTORY = 48  # sightings kept, more than the smoothing and the delay need
PRESENCE_MEMORY = 0.9  # share of the running mean that one more sighting leaves
COLOUR_MEMORY = 0.9
SPEED_MEMORY_S = 0.15


@dataclass(frozen=True)
class Sighting:
    """A person seen in a frame."""

    frame_index: int
    pts_s: float
    landmarks: Landmarks

    @property
    def region(self) -> Region:
        """Where the person is."""
        return self.landmarks.region


@dataclass(eq=False)
class Track:
    """What is known of one person.

    Attributes:
        sightings: The latest, in time order.
        colours: Running mean of the torso's histogram.
        presence: Running mean of the landmark network's presence.
        velocity: Of the hips, in pixels per second.
        count: Sightings so far, those no longer kept included.
        born_s: Time of the first.
        confirmed: Whether this is surely a person.
        track_id: Once it has been handed out.
    """

    sightings: deque[Sighting]
    colours: Array
    presence: float
    born_s: float
    velocity: Array = field(default_factory=lambda: np.zeros(2))
    count: int = 1
    confirmed: bool = False
    track_id: int | None = None

    @classmethod
    def born(cls, sighting: Sighting, colours: Array) -> "Track":
        """Somebody new."""
        return cls(deque([sighting], HISTORY), colours, sighting.landmarks.presence, sighting.pts_s)

    @property
    def last(self) -> Sighting:
        """The latest sighting."""
        return self.sightings[-1]

    def at(self, frame_index: int) -> Sighting | None:
        """The sighting in a frame, if there was one and it is still kept."""
        return next((seen for seen in self.sightings if seen.frame_index == frame_index), None)

    def predict(self, pts_s: float) -> Region:
        """Where the person should be at `pts_s`, moving on as before but ever more slowly."""
        elapsed_s = pts_s - self.last.pts_s
        moved = self.velocity * 0.5 * (1 - math.exp(-elapsed_s / 0.5))
        return self.last.region.moved(float(moved[0]), float(moved[1]))

    def see(self, sighting: Sighting, colours: Array) -> None:
        """Take in one more sighting."""
        elapsed_s = max(sighting.pts_s - self.last.pts_s, 1e-3)
        here, before = sighting.region, self.last.region
        speed = np.array([here.x_px - before.x_px, here.y_px - before.y_px]) / elapsed_s
        keep = math.exp(-elapsed_s / SPEED_MEMORY_S) if self.count > 1 else 0.0
        self.velocity = keep * self.velocity + (1 - keep) * speed
        self.colours = COLOUR_MEMORY * self.colours + (1 - COLOUR_MEMORY) * colours
        weight = max(1 / (self.count + 1), 1 - PRESENCE_MEMORY)
        self.presence += weight * (sighting.landmarks.presence - self.presence)
        self.sightings.append(sighting)
        self.count += 1

    def distance(self, region: Region, pts_s: float) -> float:
        """How far `region` is from where the person should be, in radii; infinite for a jump."""
        forecast = self.predict(pts_s)
        growth = region.radius_px / forecast.radius_px
        if not 1 / 1.6 < growth < 1.6:
            return math.inf
        away_px = math.hypot(region.x_px - forecast.x_px, region.y_px - forecast.y_px)
        return away_px / max(forecast.radius_px, region.radius_px)

    def likeness(self, colours: Array) -> float:
        """Of the clothes, 0 to 1."""
        return likeness(self.colours, colours)
