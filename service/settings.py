"""Settings, from `REMOCAP_*` variables; a flag on the command line wins over its variable.

A variable wins over a file of its name, in lower case, in the folder `REMOCAP_SECRETS_DIR`: so
come the secrets of containers.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.cores import usable_cores
from model.errors import UsageError
from service.security_masks import learn, mask, passwords_in

LOOPBACK = "127.0.0.1"
_MAX_SLOTS = 4  # with four cores each, where there are so many


def _data_home() -> Path:
    return Path.home() / ".local" / "share" / "remocap"


def _slots_of_this_machine() -> int:
    return max(2, min(usable_cores(), _MAX_SLOTS))


class Settings(BaseSettings):
    """What is in force. `remocap config` prints it.

    Attributes:
        models_dir: Folder of the models and bodies that were imported; the built-in ones need none.
        model: Name of the model that runs where none is named.
        device: Where the network runs, as torch names it: `cpu`, `cuda`, `cuda:1`; `auto` takes
            the first GPU (`remocap worker`: all of them) and falls back to the CPU.
        dtype: Arithmetic of the network.
        compile: Let torch.compile specialise the network; pays for many clips on a GPU.
        data_dir: What `serve` keeps: the store, unless it has a URL, and the private Redis.
        redis_url: `redis://`, `rediss://` or `unix://`; without it, the private Redis of `serve`.
        store_url: `s3://bucket/prefix` (credentials as AWS's tools find them) or `file:///folder`;
            without it, a folder in `data_dir`.
        host: Address that the fronts listen on; without it this machine alone, or, once there are
            keys, every address.
        publish: Address on which a container's host publishes the fronts; it tells, in place of
            `host`, whether others reach them.
        rest_port, grpc_port: Of the fronts.
        media_port, worker_port: Where these roles serve `/metrics`, `/healthz` and `/readyz`; of
            several worker processes the n-th takes `worker_port + n`; 0 serves none.
        auth: Who may use the service: `keys`, who shows one; `none`, everybody; `auto`, everybody
            of this machine until the first key is made, and who shows one from then on.
        allowed_hosts: Names by which clients may call the service where no keys are asked for,
            beside `localhost` and plain addresses; and names of pages that may use it. Separated by
            commas.
        session_s: How long a browser need not show its key again.
        tls_cert, tls_key: PEM files: the certificate, with its chain, and its private key. With
            them both ports speak TLS alone.
        webhook_allow: What webhooks may reach although it is not public: names of hosts, addresses
            and networks, separated by commas.
        max_upload_bytes, max_video_s, max_side_px: Limits of one video.
        retention_s: How long jobs and what belongs to them are kept.
        lease_s: How long a silent process keeps its work; heartbeats come at a third of it.
        batch_windows: Windows of 8 frames that the network is given at once, at most; a device that
            takes over 2 s for them, or has no memory for them, is given fewer.
        max_wait_ms: How long a waiting clip may be overtaken by a smaller one that fits a batch.
        clip_windows: Windows of one clip request.
        media_slots: Videos that one media process decodes at the same time; by default as many as
            there are cores, 2 to 4.
        media_jobs: Videos that one media process holds at the same time, those included that wait
            for their upload or for workers; each takes some 200 MB.
        max_unprocessed_windows: Decoding of a job pauses while it has so many windows waiting.
        max_queued_gpu_s, max_tenant_gpu_s: Work that may wait, in all and of one tenant, in
            estimated seconds of network time.
        model_absence_s: After so long without a worker a model's jobs are refused.
        drain_s: How long a process that was told to stop may take to finish what it holds.
        log_format: `json`, or `pretty` for people; `auto` is pretty on a terminal.
        log_level: Least severe kind of line that is written.
    """

    model_config = SettingsConfigDict(env_prefix="REMOCAP_", extra="ignore", frozen=True)

    models_dir: Path = Field(default_factory=lambda: _data_home() / "models")
    model: str = "remocap-anny"
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    dtype: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False

    data_dir: Path = Field(default_factory=_data_home)
    redis_url: SecretStr | None = None
    store_url: SecretStr | None = None

    host: str | None = None
    publish: str | None = None
    rest_port: int = Field(default=8000, ge=0, le=65535)
    grpc_port: int = Field(default=50051, ge=0, le=65535)
    media_port: int = Field(default=8001, ge=0, le=65535)
    worker_port: int = Field(default=8010, ge=0, le=65535)

    auth: Literal["auto", "keys", "none"] = "auto"
    allowed_hosts: str = Field(default="", pattern=r"^[a-zA-Z0-9.,:\[\]_-]*$")
    session_s: float = Field(default=43_200, gt=0)
    tls_cert: Path | None = None
    tls_key: Path | None = None

    webhook_allow: str = Field(default="", pattern=r"^[a-zA-Z0-9.,:/_ -]*$")

    max_upload_bytes: int = Field(default=2 * 10**9, gt=0)
    max_video_s: float = Field(default=7200, gt=0)
    max_side_px: int = Field(default=4096, gt=0)
    retention_s: float = Field(default=86_400, gt=0)
    lease_s: float = Field(default=10, ge=0.2)

    batch_windows: int = Field(default=16, ge=1, le=1024)
    max_wait_ms: float = Field(default=500, ge=0)
    clip_windows: int = Field(default=4, ge=1, le=4)
    media_slots: int = Field(default_factory=_slots_of_this_machine, ge=1)
    media_jobs: int = Field(default=8, ge=1)
    max_unprocessed_windows: int = Field(default=256, ge=8)
    max_queued_gpu_s: float = Field(default=50_000, gt=0)
    max_tenant_gpu_s: float = Field(default=25_000, gt=0)
    model_absence_s: float = Field(default=600, gt=0)
    drain_s: float = Field(default=60, gt=0)

    log_format: Literal["auto", "json", "pretty"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def metrics_host(self) -> str:
        """Address that roles without a front serve their metrics on."""
        return self.host or LOOPBACK

    @property
    def redis_address(self) -> str:
        """Where Redis is: the URL, or the socket of the private one. May hold a password."""
        if self.redis_url is not None:
            return self.redis_url.get_secret_value()
        return f"unix://{self.redis_socket}"

    @property
    def redis_socket(self) -> Path:
        """Socket of the private Redis."""
        return self.data_dir.absolute() / "redis" / "redis.sock"

    @property
    def store_address(self) -> str:
        """Where the store is: the URL, or the folder of `serve`. May hold credentials."""
        if self.store_url is not None:
            return self.store_url.get_secret_value()
        return (self.data_dir.absolute() / "store").as_uri()


def load_settings(**flags: object) -> Settings:
    """Settings from the environment, with the flags that were given laid over them.

    Raises:
        UsageError: `bad_setting`, naming the variable or flag, its value and what was expected.
    """
    secrets = _secrets_dir()
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        # pydantic checks what is given, and pydantic-settings takes the folder.
        settings = Settings(_secrets_dir=secrets, **given)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = f"--{field.replace('_', '-')}" if field in given else f"REMOCAP_{field}".upper()
        raise UsageError(
            "bad_setting",
            mask(f"{name} is {first['input']!r}: {first['msg']}; correct it or leave it out"),
        ) from None
    for url in (settings.redis_url, settings.store_url):
        learn(passwords_in(url.get_secret_value()) if url is not None else [])
    return settings


def _secrets_dir() -> Path | None:
    """Return the folder of files that stand in for variables.

    Raises:
        UsageError: `bad_setting`, where it is not there: its secrets must not be missed silently.
    """
    named = os.environ.get("REMOCAP_SECRETS_DIR")
    if named and not Path(named).is_dir():
        raise UsageError(
            "bad_setting",
            f"REMOCAP_SECRETS_DIR is '{named}'; expected a folder with files such as "
            "remocap_redis_url; make it, or leave the variable out",
        )
    return Path(named) if named else None
