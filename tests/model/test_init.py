"""The public interface: complete, the same for type checkers, and fetched only when asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import model


def test_every_public_name_is_there() -> None:
    fetched = {name: getattr(model, name) for name in model.__all__}

    assert all(value.__module__.startswith("model.") for value in fetched.values())
    assert set(model.__all__) <= set(dir(model))


def test_type_checkers_see_what_is_there() -> None:
    tree = ast.parse(Path(model.__file__).read_text())
    seen = [
        alias.asname
        for branch in tree.body
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for line in branch.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    ]

    assert seen == model.__all__


def test_a_name_that_is_not_public_is_none() -> None:
    with pytest.raises(AttributeError, match="'model' has no attribute 'reconstuct'"):
        model.reconstuct  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "line",
    [
        "import model",
        "from model import list_models; list_models()",
        "from model import Reconstruction, InputError, load_body, write; load_body('anny')",
    ],
)
def test_what_needs_no_torch_does_not_import_it(line: str) -> None:
    program = f"{line}; import sys; sys.exit('torch' in sys.modules or 'av' in sys.modules)"

    status = subprocess.run([sys.executable, "-c", program], check=False).returncode

    assert status == 0
