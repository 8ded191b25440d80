"""The page at `/`: what was built of it, or a word on how to build it."""

import gzip
from pathlib import Path

import pytest

from service import page
from tests.service.web import Api


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of two files."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>RemoCap</title>")
    (folder / "assets" / "index-abc.js").write_text("let a = 1;" * 500)
    monkeypatch.setattr(page, "BUILT", folder)
    return folder


def test_without_a_build_it_says_how_to_make_one(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "BUILT", tmp_path / "nothing")

    answer = api.http.get("/")

    assert answer.status_code == 200
    assert "make page" in answer.text
    assert api.http.get("/v1/models").status_code == 200


@pytest.mark.usefixtures("built")
def test_the_page_is_asked_for_anew_and_its_files_are_kept(api: Api) -> None:
    index, script = api.http.get("/"), api.http.get("/assets/index-abc.js")

    assert "<title>RemoCap</title>" in index.text
    assert index.headers["cache-control"] == "no-cache"
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.usefixtures("built")
def test_a_file_that_did_not_change_is_not_sent_again(api: Api) -> None:
    tag = api.http.get("/").headers["etag"]

    assert api.http.get("/", headers={"If-None-Match": tag}).status_code == 304


def test_files_are_sent_packed_to_who_unpacks(api: Api, built: Path) -> None:
    plain = (built / "assets" / "index-abc.js").read_bytes()

    with api.http.stream("GET", "/assets/index-abc.js") as answer:
        packed = b"".join(answer.iter_raw())
    whole = api.http.get("/assets/index-abc.js", headers={"Accept-Encoding": "identity"})

    assert len(packed) < len(plain)
    assert gzip.decompress(packed) == whole.content == plain


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("path", ["/assets/other.js", "/assets/..%2findex.html", "/assets/"])
def test_nothing_else_is_handed_out(api: Api, path: str) -> None:
    assert api.http.get(path).status_code == 404


@pytest.mark.usefixtures("built")
def test_scripts_come_of_us_alone_and_nobody_frames_us(api: Api) -> None:
    policy = api.http.get("/").headers["content-security-policy"]

    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
