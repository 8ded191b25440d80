import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

PRELUDE = """
import os, resource, socket, subprocess, sys
from model.decoding import sandbox
defences = sandbox.leave_network() + sandbox.limit_resources(1 << 30)
"""


def confined(script: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a fresh process that has confined itself."""
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=False,
    )


def test_what_needs_no_permission_is_always_in_force():
    printed = confined("print(*defences)").stdout.split()

    assert {"no_new_privileges", "memory", "no_file_writes", "no_new_files"} <= set(printed)


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/hostname')",
        "socket.socket()",
        "bytearray(2 << 30)",
        "os.write(os.memfd_create('x'), b'x')",
    ],
)
def test_files_sockets_and_memory_are_refused(attempt):
    result = confined(attempt)

    assert result.stderr.strip().rsplit("\n", 1)[-1].startswith(("OSError", "MemoryError"))


def test_the_network_is_out_of_reach_where_namespaces_are_granted():
    result = confined("""
        print("no_network" in defences, os.readlink("/proc/self/ns/net"))
    """)
    granted, namespace = result.stdout.split()

    if granted == "False":
        pytest.skip("this system grants no namespaces")
    assert namespace != Path("/proc/self/ns/net").readlink().name


def test_cpu_time_ends_unless_it_is_renewed():
    result = confined("""
        sandbox.allow_cpu(0.2)
        while True:
            pass
    """)

    assert result.returncode == -24  # SIGXCPU
