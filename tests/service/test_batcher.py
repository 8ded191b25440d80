"""Who goes together. The clock is a number."""

from hypothesis import given, settings
from hypothesis import strategies as st

from service.batcher import Batcher, Waiting, patience_end_s


def batcher(*clips: Waiting[str], max_windows: int = 8) -> Batcher[str]:
    made: Batcher[str] = Batcher(max_windows)
    for clip in clips:
        made.add(clip)
    return made


def clip(name: str, windows: int = 4, until_s: float = 1.0, alone: bool = False) -> Waiting[str]:
    return Waiting(name, windows, until_s, alone)


def test_the_network_is_given_what_there_is() -> None:
    assert batcher(clip("a", windows=1)).next_batch(0) == ["a"]
    assert batcher().next_batch(0) == []


def test_clips_go_together_in_order_up_to_the_maximum() -> None:
    waiting = batcher(clip("a"), clip("b"), clip("c"))

    assert waiting.next_batch(0) == ["a", "b"]
    assert waiting.next_batch(0) == ["c"]


def test_a_deadline_shortens_patience_by_what_an_answer_takes() -> None:
    assert patience_end_s(10, max_wait_s=1, deadline_s=None, need_s=0.2) == 11
    assert patience_end_s(10, max_wait_s=1, deadline_s=10.5, need_s=0.2) == 10.3


def test_who_can_wait_least_goes_first() -> None:
    waiting = batcher(clip("a"), clip("b"), clip("hurried", until_s=0.1))

    assert waiting.next_batch(0) == ["hurried", "a"]


def test_a_small_clip_fills_the_gap_that_a_large_one_leaves() -> None:
    waiting = batcher(clip("a", 4), clip("b", 3), clip("large", 4), clip("small", 1))

    assert waiting.next_batch(0) == ["a", "b", "small"]
    assert waiting.next_batch(0) == ["large"]


def test_nobody_overtakes_a_clip_that_can_wait_no_longer() -> None:
    waiting = batcher(clip("a", 4), clip("b", 3), clip("large", 4), clip("small", 1))

    assert waiting.next_batch(2) == ["a", "b"]
    assert waiting.next_batch(2) == ["large", "small"]


def test_a_clip_larger_than_a_batch_goes_by_itself() -> None:
    waiting = batcher(clip("huge", 16), clip("a", 1))

    assert waiting.next_batch(0) == ["huge"]
    assert waiting.next_batch(0) == ["a"]


def test_a_suspect_never_joins_others() -> None:
    waiting = batcher(clip("a", 1), clip("suspect", 1, alone=True), clip("b", 1))

    assert waiting.next_batch(0) == ["a", "b"]
    assert waiting.next_batch(0) == ["suspect"]


def test_clearing_returns_all_who_wait() -> None:
    waiting = batcher(clip("a"), clip("b"))

    assert waiting.clear() == ["a", "b"]
    assert (len(waiting), waiting.windows) == (0, 0)


clips = st.lists(st.tuples(st.integers(1, 4), st.floats(0, 1), st.booleans()), max_size=30)


@settings(deadline=None, max_examples=50)
@given(clips, st.integers(4, 32))
def test_everybody_goes_once_and_no_batch_is_too_large(
    sizes: list[tuple[int, float, bool]], max_windows: int
) -> None:
    waiting: Batcher[int] = Batcher(max_windows)
    for number, (windows, until_s, alone) in enumerate(sizes):
        waiting.add(Waiting(number, windows, until_s, alone))
    batches = []
    while len(waiting):
        batches.append(waiting.next_batch(0.5))

    assert sorted(i for batch in batches for i in batch) == list(range(len(sizes)))
    for batch in batches:
        assert sum(sizes[i][0] for i in batch) <= max_windows
        assert len(batch) == 1 or not any(sizes[i][2] for i in batch)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 4), min_size=20, max_size=40))
def test_with_two_batches_waiting_at_most_three_windows_are_left_open(sizes: list[int]) -> None:
    waiting: Batcher[int] = Batcher(max_windows=16)
    for windows in sizes:
        waiting.add(Waiting(windows, windows, until_s=1.0))

    while waiting.windows >= 32:
        assert sum(waiting.next_batch(0)) >= 13
