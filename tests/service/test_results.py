"""What comes out of the store is what one process would have assembled."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from model.assemble import Assembler
from model.errors import InputError
from model.reconstruction import Reconstruction
from service.broker import Broker
from service.errors import GoneError, NotFoundError, NotReadyError
from service.messages import Done, Job
from service.results import PartialResult, committed, open_result, read_rows
from service.shapes import load_shapes
from service.store import Store, done_path
from tests.model.people import answer
from tests.service.sealed import begin_job, real_job
from tests.service.studio import FACTS, TRACKS, Studio, clips_of_two


@pytest.fixture
def job(broker: Broker, store: Store) -> Job:
    """A job that has succeeded; its clips were committed in an odd order."""
    studio = Studio(broker, store)
    studio.seal(clips_of_two())
    studio.commit()
    assert studio.decoded() == "succeeded"
    return studio.job


@pytest.fixture
def expected(tmp_path: Path, job: Job) -> Reconstruction:
    """The same, assembled in one process."""
    shapes = load_shapes(job.model, job.weights_sha256, None)
    assembler = Assembler(tmp_path / "rows")
    for frame in range(60):
        assembler.see(frame, frame / 30)
    for clip in clips_of_two():
        assembler.add(clip, answer(clip))
    return assembler.finish(
        shapes.card,
        job.weights_sha256,
        shapes.body,
        shapes.upsampling,
        FACTS.info,
        notes=FACTS.notes,
        timings=FACTS.timings,
    )


def test_people_are_those_of_one_process(
    broker: Broker, store: Store, job: Job, expected: Reconstruction
) -> None:
    with open_result(store, broker, job) as result:
        assert result.reconstruction.meta == expected.meta
        for one, other in zip(result.reconstruction.sequences, expected.sequences, strict=True):
            for column in ("frame_index", "pts_s", "coarse_m", "camera", "crop_px", "observed"):
                np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


def test_the_npz_and_the_json_hold_the_same(broker: Broker, store: Store, job: Job) -> None:
    with open_result(store, broker, job, smooth="light") as result:
        with np.load(io.BytesIO(b"".join(result.npz()))) as arrays:
            vertices_m = arrays["vertices_m"]
        rows = json.loads(b"".join(result.json()))["rows"]

    np.testing.assert_allclose(vertices_m[-1], rows[-1]["vertices_m"], atol=1e-5)
    assert len(vertices_m) == len(rows) == 40 + 36


def test_one_person_can_be_had_alone(broker: Broker, store: Store, job: Job) -> None:
    with open_result(store, broker, job, track=2) as result:
        assert [person.track_id for person in result.reconstruction.sequences] == [2]


def test_a_person_who_is_not_there_is_unknown(broker: Broker, store: Store, job: Job) -> None:
    with pytest.raises(NotFoundError, match="expected one of 1, 2") as raised:
        open_result(store, broker, job, track=3)

    assert raised.value.code == "unknown_track"


def test_the_files_of_a_result_go_when_it_is_closed(
    broker: Broker,
    store: Store,
    job: Job,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path_factory.mktemp("tmp")
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    result = open_result(store, broker, job)
    assert list(folder.iterdir())
    result.close()

    assert not list(folder.iterdir())


def test_a_result_that_redis_forgot_is_found_in_the_store(
    broker: Broker, store: Store, job: Job
) -> None:
    paths = committed(store, broker, job.id)
    store.put(done_path(job.id), Done("succeeded", 1.0, results=paths).encode().encode())
    broker.redis.flushall()

    assert committed(store, broker, job.id) == paths


def test_a_job_without_a_result_is_not_ready(broker: Broker, store: Store) -> None:
    with pytest.raises(NotReadyError):
        committed(store, broker, "unknown")


def test_a_result_that_was_deleted_is_gone(broker: Broker, store: Store, job: Job) -> None:
    store.delete(*committed(store, broker, job.id).values())

    with pytest.raises(GoneError):
        open_result(store, broker, job)


def test_rows_of_frames_that_nobody_decoded_are_refused(
    broker: Broker, store: Store, job: Job
) -> None:
    store.delete_below(f"jobs/{job.id}/frames/")

    with pytest.raises(InputError, match="not decoded"):
        open_result(store, broker, job)


def test_other_weights_are_not_passed_off_as_those_that_ran() -> None:
    with pytest.raises(GoneError, match="replaced"):
        load_shapes("remocap-anny", "f" * 64, None)


def commits(broker: Broker, job: Job) -> Iterator[str]:
    for event in broker.events(job.id):
        if event.kind == "clip_committed":
            yield str(event.data["path"])


def test_what_is_committed_can_be_had_before_the_rest(
    broker: Broker, store: Store, job: Job, expected: Reconstruction
) -> None:
    partial = PartialResult(store, job)

    first, second = partial.people(commits(broker, job))

    np.testing.assert_array_equal(first.frame_index, range(40))
    np.testing.assert_array_equal(second.frame_index, TRACKS[2])
    mesh = partial.mesh(second[:3])
    whole = expected.mesh(expected.sequences[1], slice(0, 3))
    np.testing.assert_allclose(mesh.vertices_m, whole.vertices_m, atol=1e-6)
    np.testing.assert_allclose(mesh.translation_m, whole.translation_m, atol=1e-6)


def test_a_single_commit_is_of_one_person(broker: Broker, store: Store, job: Job) -> None:
    path = next(commits(broker, job))

    (person,) = PartialResult(store, job).people([path])

    np.testing.assert_array_equal(person.pts_s, read_rows(store, path).pts_s)


def test_nothing_can_be_had_before_the_video_is_open(broker: Broker, store: Store) -> None:
    task = begin_job(broker, store, real_job())

    with pytest.raises(NotReadyError):
        PartialResult(store, task.job)
