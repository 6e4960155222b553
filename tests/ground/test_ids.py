"""Ids that sort by the time they were made."""

import threading
import time
import uuid

from django_jobs.ids import first_uuid7_of, uuid7, uuid7s


def test_ids_are_version_7_of_rfc_9562():
    made = uuid7()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_every_id_is_larger_than_the_one_before():
    made = [uuid7(), *uuid7s(20_000), uuid7(), *uuid7s(0), *uuid7s(1)]
    assert made == sorted(made)
    assert [str(pk) for pk in made] == sorted(str(pk) for pk in made)
    assert len(set(made)) == len(made)


def test_an_id_tells_the_millisecond_it_was_made_in():
    before = time.time_ns() // 1_000_000
    made = uuid7().int >> 80
    # a burst may run ahead of the clock by as many ids as it made, 4096 to the millisecond
    assert before - 1 <= made <= time.time_ns() // 1_000_000 + 50


def test_ids_of_many_threads_never_meet():
    made: list[list[uuid.UUID]] = []

    def make():
        made.append([uuid7() for _ in range(5_000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({pk for part in made for pk in part}) == 20_000
    assert all(part == sorted(part) for part in made)


def test_ids_made_before_a_moment_are_smaller_than_its_first():
    made = uuid7()
    seconds = (made.int >> 80) / 1000
    assert first_uuid7_of(seconds) <= made < first_uuid7_of(seconds + 0.002)
    assert first_uuid7_of(seconds).version == 7
