"""What a result says of itself, as JSON."""

import json
from dataclasses import fields, replace

from model.export.meta import meta_to_dict, meta_to_json
from model.types import JOINT_NAMES, Meta
from tests.model.dancers import dancer, reconstruction_of


def test_every_field_is_told_on_one_line() -> None:
    meta = reconstruction_of(dancer()).meta
    meta = replace(meta, notes=("über 3 s",), timings={"decode": 1.5})

    line = meta_to_json(meta)

    told = json.loads(line)
    assert "\n" not in line
    assert told.keys() == {field.name for field in fields(Meta)}
    assert (told["notes"], told["timings"]) == (["über 3 s"], {"decode": 1.5})
    assert told["joint_names"] == list(JOINT_NAMES)


def test_a_dictionary_of_it_is_a_copy() -> None:
    meta = reconstruction_of(dancer()).meta

    meta_to_dict(meta)["model"] = "another"

    assert meta.model == "made-up"
