"""The broker as those use it who deliver webhooks."""

from typing import NamedTuple

from service.script import Script


class Due(NamedTuple):
    """A webhook to be delivered now.

    Attributes:
        job: Which job has ended.
        attempt: The how manieth this is, from 1.
    """

    job: str
    attempt: int


class HookBroker:
    """Part of `service.broker.Broker`."""

    _script: Script

    def due_hooks(self, most: int) -> list[Due]:
        """Take webhooks that are due; whoever takes one has a minute to say how it went."""
        return [
            Due(str(job), int(attempt)) for job, attempt in self._script.call("due_hooks", most)
        ]

    def hook_done(self, job_id: str) -> None:
        """Forget a webhook: it was delivered, or never will be."""
        self._script.call("hook_done", job_id)

    def hook_later(self, job_id: str, delay_s: float, was_tried: bool) -> None:
        """Have a webhook delivered later.

        Args:
            job_id: Whose.
            delay_s: How much later.
            was_tried: Whether this attempt counts.
        """
        self._script.call("hook_later", job_id, round(delay_s * 1000), int(was_tried))
