from hypothesis import given
from hypothesis import strategies as st

from model.training.feed import Share, StepKeys, steps_per_epoch


@given(st.integers(1, 30), st.integers(1, 5), st.integers(1, 3))
def test_an_epoch_shows_every_sample_at_most_once(samples: int, batch: int, world: int) -> None:
    per_epoch = steps_per_epoch(samples, batch, world)

    shown = [
        key
        for rank in range(world)
        for keys in StepKeys(samples, batch, 0, 0, per_epoch, Share(rank, world))
        for key in keys
    ]

    assert len(shown) == per_epoch * batch * world
    assert len(set(shown)) == min(len(shown), samples)


def test_the_order_is_a_function_of_the_step() -> None:
    whole = list(StepKeys(10, 3, seed=1, start=0, stop=9, share=Share()))

    assert list(StepKeys(10, 3, seed=1, start=4, stop=9, share=Share())) == whole[4:]


def test_epochs_differ() -> None:
    first, second = StepKeys(50, 50, seed=1, start=0, stop=2, share=Share())

    assert [i for _, i in first] != [i for _, i in second]
    assert {epoch for epoch, _ in second} == {1}
