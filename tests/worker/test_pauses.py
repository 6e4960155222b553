"""How often a worker looks that finds nothing."""

import pytest

from django_jobs.worker.wakeup import Pauses


@pytest.mark.parametrize(("is_told", "share"), [(True, 2.6), (False, 0.35)])
def test_an_idle_worker_pauses_longer_and_longer_in_proportion_to_how_long_it_has_found_nothing(is_told, share):
    pauses = Pauses(1, is_told=is_told)
    slept = [pauses.next() for _ in range(100)]
    growing = [(place, pause) for place, pause in enumerate(slept) if pause < 0.9]
    assert all(pause < 0.01 + share * sum(slept[:place]) for place, pause in growing)
    assert 0.9 <= slept[-1] <= 1.1


def test_it_begins_anew_when_something_was_found():
    pauses = Pauses(1, is_told=True)
    assert [pauses.next() for _ in range(9)][-1] > 0.5
    pauses.begin()
    assert pauses.next() < 0.01
