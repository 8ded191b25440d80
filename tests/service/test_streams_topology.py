"""The topology of a model, for clients."""

import json
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load

from model.bodies import load_body
from tests.service.web import Api

URL = "/v1/models/remocap-anny{}/topology"


def weights_of(api: Api) -> str:
    models = {model["name"]: model for model in api.http.get("/v1/models").json()["models"]}
    return str(models["remocap-anny"]["weights_sha256"])


def test_it_holds_what_the_body_does(api: Api) -> None:
    body = load_body("anny")

    found = load(api.http.get(URL.format("")).content)

    np.testing.assert_array_equal(found["faces"], body.faces)
    regressor = np.zeros_like(body.joint_regressor)
    for joint in range(17):
        entries = slice(*found["joint_starts"][joint : joint + 2])
        regressor[joint, found["joint_vertices"][entries]] = found["joint_weights"][entries]
    np.testing.assert_array_equal(regressor, body.joint_regressor)


def test_it_says_of_what_it_is(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "topology"
    path.write_bytes(api.http.get(URL.format("")).content)

    with safe_open(path, "numpy") as file:
        facts = file.metadata()

    assert (facts["model"], facts["body"]) == ("remocap-anny", "anny")
    assert facts["weights_sha256"] == weights_of(api)
    assert len(json.loads(facts["joint_names"])) == 14


def test_a_name_with_its_weights_is_cached_for_good(api: Api) -> None:
    weights = weights_of(api)

    plain, named = api.http.get(URL.format("")), api.http.get(URL.format("@" + weights[:12]))

    assert named.content == plain.content
    assert "immutable" in named.headers["cache-control"]
    assert "immutable" not in plain.headers["cache-control"]


def test_who_has_it_is_not_sent_it_again(api: Api) -> None:
    tag = api.http.get(URL.format("")).headers["etag"]

    answer = api.http.get(URL.format(""), headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


def test_other_weights_are_gone(api: Api) -> None:
    for digits in ("f" * 12, weights_of(api)[:11], ".*", ""):
        answer = api.http.get(URL.format("@" + digits))
        assert (answer.status_code, answer.json()["code"]) == (410, "model_replaced"), digits


def test_an_unknown_model_is_not_found(api: Api) -> None:
    answer = api.http.get("/v1/models/nobody/topology")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_model")
