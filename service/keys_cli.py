"""`remocap keys`: make, list and revoke API keys. Each command parses, calls, and shows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from service.settings import load_settings

if TYPE_CHECKING:
    from service.keys import KeyRing

console = Console(stderr=True)
keys = typer.Typer(no_args_is_help=True, help="API keys: who may use the service, as which tenant.")

DataDir = Annotated[Path | None, typer.Option(help="As of `remocap serve`.")]


@keys.command("add")
def add(
    tenant: Annotated[
        str, typer.Argument(help="Whose jobs the key makes and sees, e.g. film-lab.")
    ],
    note: Annotated[str, typer.Option(help="What it is for; shown by `list`.")] = "",
    max_gpu_s: Annotated[
        float | None,
        typer.Option(
            min=0, help="What the tenant may have waiting [default: as the settings say]."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a key, and print it, for the only time.

    From the first one on, nobody uses the service without; a tenant may have several.
    """
    from service.keys import FRESH_S

    text, key = _ring(data_dir).add(tenant, note, max_gpu_s)
    console.print(
        f"key {key.id} of tenant {tenant}; it is shown once, and holds within {FRESH_S:g} s. "
        "To listen on other addresses than this machine's, start the service again.",
        soft_wrap=True,
    )
    typer.echo(text)


@keys.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """Show all keys but their secrets."""
    table = Table("id", "tenant", "made", "revoked", "may wait, GPU-s", "note", box=None)
    for key in _ring(data_dir).all():
        limit = "" if key.max_gpu_s is None else f"{key.max_gpu_s:g}"
        revoked = "" if key.revoked_s is None else _day(key.revoked_s)
        table.add_row(key.id, key.tenant, _day(key.created_s), revoked, limit, key.note)
    Console().print(table)


@keys.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="Its id, as `list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Make a key void, with the browsers and the links that it vouches for."""
    from service.keys import FRESH_S

    key = _ring(data_dir).revoke(key_id)
    console.print(f"key {key.id} of tenant {key.tenant} ends within {FRESH_S:g} s")


def _ring(data_dir: Path | None) -> "KeyRing":
    from service.keys import KeyRing
    from service.store import Store

    return KeyRing(Store.of(load_settings(data_dir=data_dir)))


def _day(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M")
