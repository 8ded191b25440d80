"""The page at `/`: the files that Vite built of `service/web`, or a word on how to build them."""

import gzip
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

BUILT = Path(__file__).parent / "web" / "dist"
"""Where the build lies; hatch puts it into the wheel."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_FOR_EVER = "public, max-age=31536000, immutable"  # names hold a hash of what is in the file
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>RemoCap</title>
<h1>RemoCap is running; its page has not been built</h1>
<p>Everything else works: the <a href="/docs">interface</a>, <code>remocap submit</code>, gRPC.</p>
<p>To have the page, run <code>make page</code> in the source tree (it brings Node along where
there is none), or install a wheel made with <code>make wheel</code>, and load this again.</p>
</html>
"""

page = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Asset:
    """A built file, as it is sent."""

    plain: bytes
    zipped: bytes
    kind: str
    tag: str

    def answer(self, request: Request, cache: str) -> Response:
        """Return it, or 304 where the client has it."""
        headers = {"Cache-Control": cache, "ETag": self.tag, "Vary": "Accept-Encoding", **HEADERS}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.plain, headers=headers, media_type=self.kind)
        headers["Content-Encoding"] = "gzip"
        return Response(self.zipped, headers=headers, media_type=self.kind)


@page.get("/")
def index(request: Request) -> Response:
    """Show the page."""
    asset = _assets(BUILT).get("index.html") if (BUILT / "index.html").is_file() else None
    if asset is None:
        return HTMLResponse(_NOT_BUILT, headers=HEADERS | {"Cache-Control": "no-store"})
    return asset.answer(request, "no-cache")


@page.get("/assets/{name}")
def asset(request: Request, name: str) -> Response:
    """Hand out a file that the page is made of."""
    found = _assets(BUILT).get(f"assets/{name}") if BUILT.is_dir() else None
    if found is None:
        raise HTTPException(404, "the page has no such file")
    return found.answer(request, _FOR_EVER)


@lru_cache(maxsize=2)
def _assets(built: Path) -> dict[str, Asset]:
    """Read the files of a build, under 2 MB, once."""
    files = (path for path in sorted(built.rglob("*")) if path.is_file())
    return {path.relative_to(built).as_posix(): _read(path) for path in files}


def _read(path: Path) -> Asset:
    plain = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(plain, gzip.compress(plain, 9), kind, f'"{sha256(plain).hexdigest()[:16]}"')
