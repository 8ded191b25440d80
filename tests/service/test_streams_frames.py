"""Meshes over HTTP: as they are committed, and as the result has them."""

import io
import json
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from safetensors.numpy import load

from service.broker import Broker
from service.store import Store
from tests.service.streaming import END, META, ROWS, Record, joined, records
from tests.service.studio import Studio, clips_of_two
from tests.service.web import Api


@pytest.fixture
def studio(broker: Broker, store: Store) -> Studio:
    studio = Studio(broker, store)
    studio.seal(clips_of_two())
    return studio


@pytest.fixture
def finished(studio: Studio) -> str:
    """The id of a job that has succeeded."""
    studio.commit()
    studio.decoded()
    return studio.job.id


def frames(api: Api, job_id: str, **asked: object) -> Iterator[Record]:
    params = {name: str(value) for name, value in asked.items()}
    with api.http.stream("GET", f"/v1/jobs/{job_id}/frames", params=params) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/vnd.remocap.frames"
        yield from records(answer.iter_raw())


def npz(api: Api, job_id: str, smooth: str) -> dict[str, np.ndarray]:
    answer = api.http.get(f"/v1/jobs/{job_id}/result?format=npz&smooth={smooth}")
    with np.load(io.BytesIO(answer.content)) as found:
        return dict(found)


def test_a_commit_is_sent_as_it_happens(api: Api, studio: Studio) -> None:
    coming = frames(api, studio.job.id)
    studio.commit(most=4)
    meta, rows = next(coming), next(coming)
    studio.commit()
    studio.decoded()

    rest = list(coming)

    assert (meta.kind, rows.kind) == (META, ROWS)
    assert [record.kind for record in rest[:-1]] == [ROWS] * (len(rest) - 1)
    assert (rest[-1].kind, rest[-1].facts["state"]) == (END, "succeeded")
    assert len(joined([rows, *rest])["frame_index"]) == 40 + 15 + 16


def test_numbers_are_those_of_the_commits_events(api: Api, broker: Broker, finished: str) -> None:
    committed = [e.seq for e in broker.events(finished) if e.kind == "clip_committed"]

    assert [r.number for r in frames(api, finished) if r.kind == ROWS] == committed


@pytest.mark.parametrize("asked", [{}, {"smooth": "light"}], ids=["raw", "smooth"])
def test_who_comes_back_gets_the_rest(api: Api, finished: str, asked: dict[str, str]) -> None:
    whole = [r for r in frames(api, finished, **asked) if r.kind == ROWS]

    for position, record in enumerate(whole):
        rest = frames(api, finished, after=int(record.number), **asked)
        assert [r for r in rest if r.kind == ROWS] == whole[position + 1 :]


@pytest.mark.parametrize("smooth", ["off", "light", "strong"])
def test_rows_of_a_result_are_those_of_the_npz(api: Api, finished: str, smooth: str) -> None:
    expected = npz(api, finished, smooth)

    rows = joined(frames(api, finished, smooth=smooth, level="fine"))

    assert not rows["observed"].all(), "no gap was filled"
    if smooth != "off":
        del rows["joint_tokens_m"]  # the NPZ keeps them raw
    for name in rows.keys() & expected.keys():
        atol = 0.01 if name.endswith("_px") else 1e-5
        np.testing.assert_allclose(rows[name], expected[name], atol=atol, rtol=0, err_msg=name)
    assert rows.keys() - expected.keys() == {"pelvis_m", "view_rotmat"}


def fine_from_coarse(rows: dict[str, np.ndarray], topology: dict[str, np.ndarray]) -> np.ndarray:
    """What docs/streams.md tells a client to do, coordinate by coordinate."""
    fine_m = []
    for axis in range(3):
        middle_m = rows["coarse_m"][..., axis] @ topology["intermediate_weight"].T
        middle_m += topology["intermediate_bias"]
        of_three = middle_m[:, topology["fine_indices"]] * topology["fine_weights"]
        fine_m.append(of_three.sum(axis=2) - rows["pelvis_m"][:, None, axis])
    return np.stack(fine_m, axis=-1)


def test_a_client_gets_the_meshes_of_the_npz_from_coarse_rows(api: Api, finished: str) -> None:
    meta, *rest = frames(api, finished, smooth="light")
    topology = load(api.http.get(meta.facts["topology"]).content)

    vertices_m = fine_from_coarse(joined(rest), topology)

    np.testing.assert_allclose(vertices_m, npz(api, finished, "light")["vertices_m"], atol=1e-5)


@pytest.mark.parametrize(("level", "name"), [("coarse", "coarse"), ("fine", "vertices")])
def test_integers_err_by_half_a_step(api: Api, finished: str, level: str, name: str) -> None:
    exact = [r for r in frames(api, finished, level=level) if r.kind == ROWS]
    rounded = [r for r in frames(api, finished, level=level, encoding="int16") if r.kind == ROWS]

    for one, other in zip(exact, rounded, strict=True):
        (step_m,) = other.rows["step_m"]
        error_m = np.abs(other.rows[name] * step_m - one.rows[f"{name}_m"]).max()
        assert error_m <= step_m * 0.51  # and what float32 rounds
        assert step_m < 2e-4


@pytest.mark.parametrize("encoding", ["float32", "int16"])
@pytest.mark.parametrize("level", ["coarse", "fine"])
def test_arrays_can_be_views(api: Api, finished: str, level: str, encoding: str) -> None:
    for record in frames(api, finished, level=level, encoding=encoding, after=2):
        if record.kind == ROWS:
            (length,) = struct.unpack_from("<Q", record.payload)
            for about in json.loads(record.payload[8 : 8 + length]).values():
                size = int(about["dtype"][1:]) // 8
                assert (16 + 8 + length + about["data_offsets"][0]) % size == 0


@pytest.mark.parametrize("asked", [{}, {"smooth": "off"}], ids=["raw", "smooth"])
def test_one_person_alone(api: Api, finished: str, asked: dict[str, str]) -> None:
    rows = joined(frames(api, finished, track=2, **asked))

    assert set(rows["track_id"]) == {2}


def test_who_does_not_follow_gets_what_is_there(api: Api, studio: Studio) -> None:
    studio.commit()

    kinds = [record.kind for record in frames(api, studio.job.id, follow="false")]

    assert kinds == [META, *[ROWS] * (len(kinds) - 1)]
    assert len(kinds) > 1


def test_a_job_that_failed_says_so_at_the_end(api: Api, broker: Broker) -> None:
    job_id = api.post().json()["id"]
    broker.fail_job(job_id, "undecodable_video", "it cannot be decoded")

    (end,) = frames(api, job_id)

    assert (end.facts["state"], end.facts["code"]) == ("failed", "undecodable_video")


def test_a_job_that_is_deleted_meanwhile_says_so_at_the_end(
    api: Api, broker: Broker, studio: Studio
) -> None:
    coming = frames(api, studio.job.id)
    studio.commit(most=4)
    next(coming)
    broker.erase(studio.job.id)

    *_, end = coming

    assert (end.kind, end.facts["code"]) == (END, "job_deleted")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"smooth": "off"}, 409, "not_ready"),
        ({"level": "middle"}, 400, "bad_option"),
        ({"after": "-1"}, 400, "bad_option"),
        ({"nothing": "1"}, 400, "unknown_option"),
    ],
)
def test_what_cannot_be_sent_is_named(
    api: Api, studio: Studio, asked: dict[str, str], status: int, code: str
) -> None:
    answer = api.http.get(f"/v1/jobs/{studio.job.id}/frames", params=asked)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_nobody_of_that_number(api: Api, finished: str) -> None:
    answer = api.http.get(f"/v1/jobs/{finished}/frames?smooth=off&track=9")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_track")
