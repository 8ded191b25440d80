"""`remocap submit`: a video to a server, its progress to the terminal, its result to files."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from model.errors import RemocapError
from model.stages import Watch
from service.client import Client, Happening, Option
from service.options import Format

MB = 10**6


def submit(
    client: Client,
    video: Path,
    outputs: Sequence[Path],
    options: Mapping[str, Option],
    watch: Watch,
) -> Mapping[str, Any]:
    """Have a video reconstructed by a server, and return its job as it ended.

    If this is interrupted, so is the job.

    Args:
        client: The server.
        video: The file.
        outputs: Where to write the result; endings say in which forms.
        options: Of the job.
        watch: Told of the stages' progress.

    Raises:
        RemocapError: As `service.client.Client`, or what the job failed with.
    """

    def sent(done: int, total: int | None) -> None:
        watch("upload", done // MB, None if total is None else total // MB)

    job_id = client.submit(video, options, sent)
    try:
        follow(client, job_id, watch)
        for path in outputs:
            client.fetch(job_id, path, told=lambda done, _: watch("fetch", done // MB, None))
        return client.job(job_id)
    except BaseException as error:
        if not isinstance(error, RemocapError):
            with suppress(RemocapError):
                client.delete(job_id)
        raise


def follow(client: Client, job_id: str, watch: Watch) -> None:
    """Tell of a job's progress until it is over."""
    frames = 0
    for happening in client.follow(job_id):
        match happening:
            case Happening(kind="decoding", data=data):
                watch("decode", int(data["frames"]), data.get("expected"))
            case Happening(kind="clip_committed", data=data):
                frames += int(data["frames"])
                watch("network", frames, None)


def known_endings() -> str:
    """Return the endings of files that a result can be written to."""
    return ", ".join(f".{form}" for form in Format)
