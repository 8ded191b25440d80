"""Secrets out of text, before it is shown: in logs, errors, and `remocap config`.

Two ways at once: what looks like a secret (a key, a link, a password in a URL, a bearer's word) is
masked wherever it comes from, and so is every secret of the settings, whatever it looks like.
"""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import parse_qs, unquote, urlsplit

MASK = "***"
_SHORTEST = 6  # characters; masking shorter words would garble text, and hide nothing
_LOOKS = (
    (re.compile(r"(rmc_[0-9a-f]{12}_)[A-Za-z0-9_-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"[0-9a-f]{32}\.\d{1,12}\.(?:[0-9a-f]{12}|-)\.[A-Za-z0-9_-]{43}"), MASK),
    (re.compile(r"(whsec_)[A-Za-z0-9+/=_-]{8,}"), rf"\1{MASK}"),
    (re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s'\"<>]*@"), rf"\1{MASK}@"),
    (re.compile(r"\b(Bearer|Basic)(\s+)[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1\2{MASK}"),
    (re.compile(r"(remocap_session=)[A-Za-z0-9_-]+"), rf"\1{MASK}"),
)
_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_known: set[str] = set()


def mask(text: str) -> str:
    """Return a text without the secrets in it."""
    for pattern, shown in _LOOKS:
        text = pattern.sub(shown, text)
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def learn(secrets: Iterable[str]) -> None:
    """Mask these words from now on, and those in the environment that others read there."""
    for secret in (*secrets, *(os.environ.get(name, "") for name in _VARIABLES)):
        if len(secret) >= _SHORTEST:
            _known.add(secret)


def passwords_in(url: str) -> list[str]:
    """Return what is secret in a URL, as it is written and as it is meant."""
    shown = re.search(r"://[^:]*:(.*)@", url)  # also where the URL cannot be read
    words = {shown[1]} if shown else set()
    with suppress(ValueError):
        parts = urlsplit(url)
        words |= {parts.password or "", *parse_qs(parts.query).get("password", [])}
    return [word for word in words | {unquote(word) for word in words} if word]
