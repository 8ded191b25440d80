"""How fast clips were committed, by Redis's clock."""

from collections.abc import Sequence

from service.broker import Broker


def commit_times_s(broker: Broker, job_ids: Sequence[str]) -> list[tuple[float, int]]:
    """When each clip was committed, by Redis's clock, and its frames; in order."""
    events = (event for job_id in job_ids for event in broker.events(job_id, 0, 100_000))
    commits = (event for event in events if event.kind == "clip_committed")
    return sorted((event.at_s, int(event.data["frames"] or 0)) for event in commits)


def steady_windows_per_s(broker: Broker, job_ids: Sequence[str], batch: int) -> float:
    """Windows a second between the first batch's commits and the last commit."""
    commits = commit_times_s(broker, job_ids)
    done = 0
    for number, (_, frames) in enumerate(commits):
        done += frames
        if done >= 8 * batch:
            rest = sum(count for _, count in commits[number + 1 :])
            return rest / 8 / (commits[-1][0] - commits[number][0])
    raise AssertionError("fewer clips than a batch")
