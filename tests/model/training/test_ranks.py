import subprocess
import sys
from pathlib import Path

import pytest
import torch

from model.training.ranks import choose_place
from tests.model.training.ranks_program import train

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_from_both_their_batches(tmp_path: Path) -> None:
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    program = ["-m", "tests.model.training.ranks_program", str(tmp_path / "two.pt")]
    subprocess.run([sys.executable, *command, *program], cwd=ROOT, check=True, timeout=200)

    train(batch=2, target=str(tmp_path / "one.pt"))

    one, two = (torch.load(tmp_path / f"{name}.pt") for name in ("one", "two"))
    torch.testing.assert_close(two, one, rtol=1e-5, atol=1e-6)


def test_devices_go_by_their_name() -> None:
    assert choose_place("cpu") == torch.device("cpu")
    assert choose_place("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
