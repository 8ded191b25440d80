"""What a newborn child of the media role does for practice, before there is a task.

Python does much for the first time only once, and memory that a fork shares is copied when it is
first touched: a millisecond here and there, which a client would wait for.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from model.clips import Clip
from model.extract import Options
from model.types import MASK_SIDE, WINDOW, Evidence, Observation
from service.aside import Aside
from service.broker import Broker
from service.broker_types import Lease, MediaTask
from service.clip_file import pack_clip
from service.media_link import TASK
from service.messages import ClipRequest, Job

_NOBODY = "0" * 32


def rehearse(broker: Broker, begin: Callable[[MediaTask], None]) -> None:
    """Do, on nothing, what comes between a task and the sealing of its first clip.

    Args:
        broker: The queue.
        begin: Begins a task of nobody's, and lets go of it.

    Raises:
        UnavailableError: Redis is away.
    """
    job = Job(_NOBODY, "", "", _NOBODY, "evidence", 0.0)
    told = TASK.dump_json(MediaTask(Lease("", "", 0), "decode", job, attempts=0))
    begin(TASK.validate_python(json.loads(told)))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "video").touch()
    with Aside(lambda act: act(), ()) as aside:
        aside.do(lambda: broker.has_clip(job.id, ""))
        aside.settle()
    Options()
    pack_clip(_clip())
    request = ClipRequest(
        job=job.id,
        clip="",
        model_key=job.model_key,
        tenant="",
        path="",
        windows=1,
        keep=WINDOW,
        first_frame=0,
        last_frame=WINDOW - 1,
    )
    request.encode()


def _clip() -> Clip:
    square = np.zeros(4, np.float32)
    landmarks = np.zeros((WINDOW, 33, 7), np.float32)
    mask = np.zeros((WINDOW, MASK_SIDE, MASK_SIDE), np.uint8)
    seen = tuple(Observation(1, n, 0.0, square, 1.0) for n in range(WINDOW))
    return Clip(Evidence(landmarks, mask), seen, np.ones(WINDOW, bool))
