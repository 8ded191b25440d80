from model.synth.split import held_out


def test_about_an_eighth_is_held_out() -> None:
    names = [f"walking_{take}" for take in range(1000)]

    assert 0.09 < sum(map(held_out, names)) / len(names) < 0.16


def test_the_rule_does_not_change() -> None:
    assert [n for n in ("walking", "boxing", "soccer", "jumping", "dancing") if held_out(n)] == [
        "boxing"
    ]
