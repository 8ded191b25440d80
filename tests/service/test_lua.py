"""A Lua file is cut so that each function has what it needs, and nothing else."""

import pytest
from redis import Redis

from service.broker import LUA
from service.lua import scripts_of

FILE = """--[[
What the file is about: local functions too.
]]
local call = redis.call
local STEP = 2   -- of a counter
local unused = {
  'STEP',
}

-- Of two helpers, one needs the other.
local function more(n) return n + STEP end
local function twice(n) return more(more(n)) end
local function never(n) return twice(n) end

local api = {}

function api.grow(n)
  -- never() is not called here
  return twice(tonumber(n))
end

function api.stay(n)
  return 'twice' and tonumber(n)
end

-- Dispatch ------
return api[ARGV[1]](ARGV[2])
"""


def test_each_function_runs_on_its_own(redis_address: str) -> None:
    scripts = scripts_of(FILE)

    assert list(scripts) == ["grow", "stay"]
    with Redis.from_url(redis_address) as client:
        assert client.eval(scripts["grow"], 0, "grow", 3) == 7
        assert client.eval(scripts["stay"], 0, "stay", 3) == 3


@pytest.mark.parametrize("line", ["local a, b = 1, 2", "local STEP"])
def test_a_file_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="one name"):
        scripts_of(FILE.replace("local STEP = 2", line))


def test_what_a_function_does_not_need_is_not_in_its_script() -> None:
    scripts = scripts_of(FILE)

    assert "never" not in scripts["grow"]
    assert "unused" not in scripts["grow"]
    assert "twice(" not in scripts["stay"]
    assert "api.grow" not in scripts["stay"]


def test_a_simple_call_of_the_queue_is_a_small_script() -> None:
    whole = LUA.read_text()

    script = scripts_of(whole)["has_clip"]

    assert len(script) < len(whole) / 20
