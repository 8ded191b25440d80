"""A hundred connections that break anywhere, while the job goes on: no gap, and nothing twice."""

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice

import httpx2
import numpy as np

from service.broker import Broker
from service.store import Store
from tests.service.sealed import make_clip
from tests.service.streaming import ROWS, Record, records
from tests.service.studio import Studio
from tests.service.web import Api

RECONNECTS = 100
PEOPLE, CLIPS = 3, 40  # clips of 8 frames each


@contextmanager
def going_on(broker: Broker, studio: Studio) -> Iterator[None]:
    """Commit clip by clip beside the block, until the job is over."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.03) and broker.unprocessed_windows(studio.job.id):
            studio.commit(most=1)
        while broker.unprocessed_windows(studio.job.id):
            studio.commit()
        assert studio.decoded() == "succeeded"

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        try:
            yield
        finally:
            stop.set()
            working.result()


def studio_of_many(broker: Broker, store: Store) -> Studio:
    studio = Studio(broker, store)
    people = range(1, PEOPLE + 1)
    studio.seal([make_clip(n, track_id=person) for n in range(CLIPS) for person in people])
    return studio


def commits(broker: Broker, job_id: str) -> list[int]:
    """Numbers of the commits, by the queue itself."""
    return [e.seq for e in broker.events(job_id, 0, 10_000) if e.kind == "clip_committed"]


def events(api: Api, job_id: str, after: int, most: int) -> Iterator[tuple[int, str]]:
    """Numbers and kinds of some events; the connection then breaks, with more under way."""
    headers = {"Last-Event-ID": str(after)}
    with api.http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
        if answer.status_code != 204:  # there is nothing more
            for event in islice(httpx2.EventSource(answer), most):
                yield int(event.id), event.event


def test_events(api: Api, broker: Broker, store: Store) -> None:
    studio, numbers = studio_of_many(broker, store), random.Random(1)
    got = [(0, "")]
    with going_on(broker, studio):
        for _ in range(RECONNECTS):
            got += events(api, studio.job.id, got[-1][0], numbers.randrange(4))
    got += events(api, studio.job.id, got[-1][0], 10_000)

    seen = [seq for seq, _ in got]
    assert seen == sorted(set(seen))
    assert [seq for seq, kind in got if kind == "clip_committed"] == commits(broker, studio.job.id)
    assert got[-1][1] == "finished"


def cut(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """The first bytes of a stream, wherever that ends."""
    for piece in pieces:
        yield piece[:most]
        most -= len(piece)
        if most <= 0:
            return


def rows_of(found: Sequence[Record]) -> set[tuple[int, int]]:
    """Person and frame of every row; one that came twice is an error."""
    pairs = [
        (int(track), int(frame))
        for record in found
        for track, frame in np.column_stack([record.rows["track_id"], record.rows["frame_index"]])
    ]
    assert len(pairs) == len(set(pairs))
    return set(pairs)


def test_frames(api: Api, broker: Broker, store: Store) -> None:
    studio, numbers = studio_of_many(broker, store), random.Random(2)
    url = f"/v1/jobs/{studio.job.id}/frames"
    got: list[Record] = []
    with going_on(broker, studio):
        for _ in range(RECONNECTS):
            params = {"after": int(got[-1].number) if got else 0}
            with api.http.stream("GET", url, params=params) as answer:
                most = numbers.randrange(150_000)
                found = records(cut(answer.iter_raw(10_000), most))
                got += [record for record in found if record.kind == ROWS]
    with api.http.stream("GET", url, params={"after": int(got[-1].number)}) as answer:
        got += [record for record in records(answer.iter_raw()) if record.kind == ROWS]

    assert [record.number for record in got] == commits(broker, studio.job.id)
    assert rows_of(got) == {(t, f) for t in range(1, PEOPLE + 1) for f in range(8 * CLIPS)}
