"""What the decoder child may no longer do once it touches a stranger's bytes.

Each defence is asked for and counted only where the system grants it; `defences` in the answer
name those in force. None of them needs privileges.
"""

import contextlib
import ctypes
import os
import resource
import sys

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_MAX_TASKS = 64  # decoder threads included


def leave_network() -> list[str]:
    """Give up new privileges and, in a namespace of its own, the network.

    Must run while the process has a single thread: a user namespace admits no other caller.

    Returns:
        The defences in force: any of `no_new_privileges`, `no_network`, `no_processes`.
    """
    if not sys.platform.startswith("linux"):
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    defences = []
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        defences.append("no_new_privileges")
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        defences.append("no_network")
        # Counted per user namespace; outside one it would count all of the user's processes.
        if _lower(resource.RLIMIT_NPROC, _MAX_TASKS):
            defences.append("no_processes")
    return defences


def limit_resources(memory_bytes: int) -> list[str]:
    """Cap memory and forbid opening and writing files, and core dumps.

    Call it after the last import: no further file can be opened.

    Args:
        memory_bytes: Address space the process may use.

    Returns:
        The defences in force: any of `memory`, `no_file_writes`, `no_new_files`.
    """
    _lower(resource.RLIMIT_CORE, 0)
    lowest_unused = os.dup(0)
    os.close(lowest_unused)
    wanted = {
        "memory": (resource.RLIMIT_AS, memory_bytes),
        "no_file_writes": (resource.RLIMIT_FSIZE, 0),
        "no_new_files": (resource.RLIMIT_NOFILE, lowest_unused),
    }
    return [name for name, (kind, value) in wanted.items() if _lower(kind, value)]


def allow_cpu(seconds: float) -> None:
    """Let the process use this much more CPU time; then SIGXCPU ends it.

    Called again whenever a frame is done, so the limit follows the work. The hard limit stays,
    as it could not be raised again.
    """
    usage = resource.getrusage(resource.RUSAGE_SELF)
    end_s = int(usage.ru_utime + usage.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (end_s, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _lower(kind: int, value: int) -> bool:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (value, value))
        return True
    return False
