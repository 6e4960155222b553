"""From which queues a worker claims, and in what order."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_jobs.models import Queue
from django_jobs.store import get_store
from django_jobs.worker.claiming import Claimer
from tests.factories import JobFactory, WorkerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claimer():
    return Claimer(get_store("default"), WorkerFactory().pk, ())


def claimed_from(claimer, limit=1, told=()):
    return [claim.queue_name for claim in claimer.claim(limit, told)]


def test_the_queue_of_which_the_worker_was_told_comes_first(claimer):
    JobFactory(queue_name="a"), JobFactory(queue_name="b")
    assert claimed_from(claimer, told={"b"}) == ["b"]


def test_news_of_a_queue_spares_the_look_at_all_of_them(claimer):
    JobFactory.create_batch(2, queue_name="b")
    with CaptureQueriesContext(connection) as looking:
        assert claimed_from(claimer) == ["b"]
    with CaptureQueriesContext(connection) as told:
        assert claimed_from(claimer, told={"b"}) == ["b"]
    assert len(told) < len(looking)


def test_much_news_of_one_queue_does_not_starve_the_others(claimer):
    JobFactory.create_batch(6, queue_name="loud"), JobFactory.create_batch(3, queue_name="quiet")
    claimed = [name for _ in range(6) for name in claimed_from(claimer, told={"loud"})]
    assert claimed == ["loud", "quiet"] * 3


def test_where_the_news_is_stale_the_worker_looks_everywhere(claimer):
    JobFactory(queue_name="a")
    assert claimed_from(claimer, told={"gone"}) == ["a"]


def test_news_of_queues_that_the_worker_does_not_serve_or_that_rest_leads_nowhere():
    JobFactory(queue_name="foreign"), JobFactory(queue_name="resting"), JobFactory(queue_name="own")
    Queue.objects.pause("resting")
    claimer = Claimer(get_store("default"), WorkerFactory().pk, ["own", "resting"])
    assert claimed_from(claimer, limit=5, told={"foreign", "resting"}) == ["own"]
