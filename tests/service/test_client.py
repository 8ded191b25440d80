"""The Python clients, awaited and not, by REST and by gRPC, against a server that works."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError, UsageError
from service.client import (
    AsyncClient,
    AsyncStreamClient,
    Client,
    Meshes,
    StreamClient,
    StreamOptions,
)
from service.client_messages import Accepted, Summary
from service.errors import ServiceError, UnavailableError
from tests.load.fleet import free_port
from tests.service.jobs_of_videos import SAMPLE
from tests.service.web import Api

BRIEF = StreamOptions(end_s=0.5, level="coarse")
UNKNOWN = "0" * 32


@pytest.fixture(scope="module")
def rpc(working_api: Api) -> Iterator[StreamClient]:
    with StreamClient(working_api.rpc) as client:
        yield client


@pytest.fixture(scope="module")
def rest(working_api: Api) -> Iterator[Client]:
    with Client(working_api.url) as client:
        yield client


def test_meshes_of_a_stream_are_those_of_the_file(
    rpc: StreamClient, rest: Client, tmp_path: Path
) -> None:
    answers = list(rpc.reconstruct(SAMPLE, StreamOptions(end_s=0.5)))

    accepted, meshes = answers[0], [a for a in answers if isinstance(a, Meshes)]
    assert isinstance(accepted, Accepted)
    rest.fetch(accepted.job_id, tmp_path / "clip.npz")
    with np.load(tmp_path / "clip.npz") as clip:
        for name in ("vertices_m", "joints3d_m", "camera", "frame_index", "pts_s", "observed"):
            told = np.concatenate([getattr(m, name) for m in meshes])
            np.testing.assert_allclose(told, clip[name], atol=1e-6, err_msg=name)


def test_the_awaited_client_is_told_the_same(rpc: StreamClient, working_api: Api) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield SAMPLE.read_bytes()

    async def stream() -> list[object]:
        async with AsyncStreamClient(working_api.rpc) as client:
            return [answer async for answer in client.reconstruct(pieces(), BRIEF)]

    answers = asyncio.run(stream())

    assert isinstance(answers[0], Accepted)
    again = list(rpc.watch(answers[0].job_id, options=BRIEF))
    assert [type(a) for a in answers if isinstance(a, Meshes | Summary)] == [
        type(a) for a in again if isinstance(a, Meshes | Summary)
    ]


def test_who_leaves_the_loop_ends_the_job(rpc: StreamClient) -> None:
    stream = rpc.reconstruct(iter([SAMPLE.read_bytes()]), BRIEF)
    first = next(stream)
    assert isinstance(first, Accepted)

    stream.close()

    for _ in rpc_end(rpc, first.job_id):
        pass
    assert rpc.job(first.job_id).error.code in {"client_gone", "upload_incomplete"}


def rpc_end(client: StreamClient, job_id: str) -> Iterator[object]:
    """Follow a job that ends badly."""
    try:
        yield from client.watch(job_id, options=StreamOptions(level="none"))
    except ServiceError:
        return
    except (InputError, UsageError):
        return


def test_a_source_that_fails_says_so_itself(rpc: StreamClient) -> None:
    def broken() -> Iterator[bytes]:
        yield b"video"
        raise OSError("the camera was unplugged")

    with pytest.raises(OSError, match="unplugged"):
        list(rpc.reconstruct(broken(), BRIEF))


def test_errors_are_those_of_the_server(rpc: StreamClient, rest: Client) -> None:
    with pytest.raises(UsageError) as unknown_model:
        list(rpc.reconstruct(SAMPLE, StreamOptions(model="nobody")))
    with pytest.raises(InputError) as no_video:
        list(rpc.reconstruct([b"no video"]))
    with pytest.raises(UsageError) as unknown_job:
        rest.job(UNKNOWN)

    assert unknown_model.value.code == "unknown_model"
    assert no_video.value.code == "not_a_video"
    assert unknown_job.value.code == "unknown_job"


@pytest.mark.parametrize("kind", [StreamClient, Client])
def test_a_server_that_is_not_there_is_named(kind: type[StreamClient] | type[Client]) -> None:
    place = f"127.0.0.1:{free_port()}"
    server = place if kind is StreamClient else f"http://{place}"

    with pytest.raises(UnavailableError, match=place), kind(server) as client:
        client.job(UNKNOWN)


def test_jobs_are_listed_cancelled_and_erased(rpc: StreamClient, rest: Client) -> None:
    job_id = rest.submit(SAMPLE, {"end": 0.3})

    assert next(rpc.jobs()).id == job_id
    rpc.cancel(job_id, erase=True)

    with pytest.raises(InputError) as raised:
        rpc.job(job_id)
    assert raised.value.code == "job_deleted"


def test_rest_is_awaited_as_well(working_api: Api, tmp_path: Path) -> None:
    async def run() -> list[str]:
        async with AsyncClient(working_api.url) as client:
            job_id = await client.submit(SAMPLE, {"end": 0.3})
            kinds = [happening.kind async for happening in client.follow(job_id)]
            await client.fetch(job_id, tmp_path / "clip.json")
            return kinds

    kinds = asyncio.run(run())

    assert (kinds[0], kinds[-1]) == ("accepted", "finished")
    assert (tmp_path / "clip.json").stat().st_size > 1000


def test_a_closed_client_is_closed_again_in_peace(working_api: Api) -> None:
    client = Client(working_api.url)

    client.close()
    client.close()
