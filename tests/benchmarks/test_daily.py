"""The comparison with what was noted before."""

from benchmarks.daily import compare, losses


def test_a_loss_of_more_than_a_quarter_is_named():
    assert losses({"drain": 0.7, "enqueue": 0.8}, {"drain": 1.0, "enqueue": 1.0}) == ["drain"]


def test_what_was_never_noted_cannot_be_lost():
    assert losses({"drain": 0.1}, {}) == []
    assert compare({"drain": 0.1}, {})[1].split() == ["drain", "0.1"]


def test_each_line_tells_what_it_was_and_how_it_changed():
    assert compare({"drain": 0.3}, {"drain": 0.4})[1].split() == ["drain", "0.3", "0.4", "-25%"]
