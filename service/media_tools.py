"""What a child of the media role works with, prepared before there is a task if there is time."""

from collections.abc import Callable

from model.video import Limits, Standby
from service.eyes import Eyes, WideEyes
from service.logs import get_log
from service.parked import ParkedThread
from service.settings import Settings

log = get_log("media")


class Tools:
    """For one task.

    Args:
        settings: In force.
        narrow: What finds people on one core.
        cores: Tells how many may be used.

    Attributes:
        limits: What a video may be like.
        eyes: What finds people on as many.
        standby: Waits for a video, where there was time to start it.
        heart: Waits for a lease to renew.
    """

    def __init__(self, settings: Settings, narrow: Eyes, cores: Callable[[], int]) -> None:
        self.limits = Limits(max_side_px=settings.max_side_px, max_duration_s=settings.max_video_s)
        self.standby: Standby | None = None
        self.heart = ParkedThread("heartbeat")
        self._wide = WideEyes(narrow, cores)
        self.eyes = Eyes(self._wide, self._wide.look)

    def prepare(self) -> None:
        """Do what would else take the task's time; it is done then where it cannot be done now."""
        try:
            self._wide.widen()
            self.standby = Standby(self.limits)
        except FileNotFoundError:
            pass  # the parent let go of this child, whose folder has gone
        except OSError as error:
            log.warning("not prepared for a task", reason=str(error))
