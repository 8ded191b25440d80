"""A Lua file, cut into one script for each function that can be called.

Redis runs a script from its first line at each call, and keeps nothing from one to the next. So a
file of a hundred functions makes all of them at each call, which takes longer than what most of
them do. Here each function gets a script of its own, with what it needs and nothing else.

The top level of such a file is `local NAME = ...`, `local function NAME`, `function api.NAME` and
comments, each from the first column on and of one name; strings are in single quotes. Behind a line
`-- Dispatch` lies what is run in the end.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

_DISPATCH = re.compile(r"^-- Dispatch\b.*\n", re.MULTILINE)
_BEGIN = re.compile(r"^(?=local |function )", re.MULTILINE)
_NAME = re.compile(r"(?:local function|local|function) ([\w.]+)(?:\(| = )")
_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
_STRING = re.compile(r"'[^'\n]*'")
_WORD = re.compile(r"[A-Za-z_]\w*")
_API = "api."


@lru_cache(maxsize=4)
def scripts_of(text: str) -> Mapping[str, str]:
    """Cut a file; return a script for each function `api.NAME`, by name.

    Cached, as each client of Redis asks for the same.

    Args:
        text: All of the file.

    Raises:
        ValueError: It has no line `-- Dispatch`, or its top level is of another form.
    """
    above, dispatch = _DISPATCH.split(text)
    _, *parts = _BEGIN.split(above)
    by_name = {_name_of(part): _COMMENT.sub("", part) for part in parts}
    words = {name: _words_of(part) for name, part in by_name.items()}
    scripts = {}
    for function in filter(lambda name: name.startswith(_API), by_name):
        needed, found = {function}, _words_of(dispatch) | words[function]
        while new := (found & by_name.keys()) - needed:
            needed |= new
            found = set().union(*(words[name] for name in new))
        kept = [part for name, part in by_name.items() if name in needed]
        scripts[function.removeprefix(_API)] = "".join([*kept, dispatch])
    return MappingProxyType(scripts)


def _words_of(part: str) -> set[str]:
    return set(_WORD.findall(_STRING.sub("", part)))


def _name_of(part: str) -> str:
    found = _NAME.match(part)
    if found is None:
        raise ValueError(f"expected a definition of one name, found: {part[:60]!r}")
    return found[1]
