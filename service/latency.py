"""What a process does so that nobody waits for Python itself."""

import gc
import sys

_SWITCH_S = 0.0001


def keep_latency_low() -> None:
    """Have threads take turns often, and the garbage collector leave alone what is there by now.

    By default a thread that computes keeps others waiting for 5 ms, a reply of Redis among them,
    and a full collection goes through every module, model and route that was ever loaded, for tens
    of milliseconds. To be called once all of these are.
    """
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
