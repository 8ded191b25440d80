"""What every format says of itself."""

import json
from typing import Any

from model.types import Meta


def meta_to_dict(meta: Meta) -> dict[str, Any]:
    """Return all fields of `meta`, ready for JSON."""
    return vars(meta) | {"timings": dict(meta.timings)}


def meta_to_json(meta: Meta) -> str:
    """Return all fields of `meta` as one line of JSON."""
    return json.dumps(meta_to_dict(meta), ensure_ascii=False)
