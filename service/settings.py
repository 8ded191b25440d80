"""Settings, from `REMOCAP_*` variables; a flag on the command line wins over its variable."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.errors import UsageError


def _data_home() -> Path:
    return Path.home() / ".local" / "share" / "remocap"


class Settings(BaseSettings):
    """What is in force. `remocap config` prints it.

    Attributes:
        models_dir: Folder of the models and bodies that were imported; the built-in ones need none.
        model: Name of the model that runs where none is named.
        device: Where the network runs, as torch names it: `cpu`, `cuda`, `cuda:1`; `auto` takes
            the first GPU and falls back to the CPU.
        dtype: Arithmetic of the network.
        compile: Let torch.compile specialise the network; pays for many clips on a GPU.
    """

    model_config = SettingsConfigDict(env_prefix="REMOCAP_", extra="ignore", frozen=True)

    models_dir: Path = Field(default_factory=lambda: _data_home() / "models")
    model: str = "remocap-anny"
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    dtype: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False


def load_settings(**flags: object) -> Settings:
    """Settings from the environment, with the flags that were given laid over them.

    Raises:
        UsageError: `bad_setting`, naming the variable or flag, its value and what was expected.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # checked by pydantic, as it must be
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        name = f"--{field}" if field in given else f"REMOCAP_{field}".upper()
        raise UsageError(
            "bad_setting",
            f"{name} is {first['input']!r}: {first['msg']}; correct it or leave it out",
        ) from None
