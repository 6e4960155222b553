"""I7 at its size: a worker's questions between a million finished jobs and a million for later."""

from __future__ import annotations

import pytest
from django.db import connection

from benchmarks.claims import fill
from django_jobs.ids import uuid7
from tests.factories import JobFactory

from .test_indexes import SORTING, assert_goes_by, plans_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.millions, pytest.mark.timeout(600)]

MILLION = 1_000_000


def test_no_question_of_a_worker_reads_more_where_millions_of_jobs_are_none_of_its_business(store):
    fill(MILLION, MILLION, 0)
    JobFactory.create_batch(3)
    questions = {
        "django_jobs_fetch": [store.pending_queues, store.survey, lambda: store.claim(uuid7(), "default", 10)],
        "django_jobs_due": [store.survey, lambda: store.promote(10)],
    }
    for index, asked in questions.items():
        for ask in asked:
            plan = plans_of(ask)
            assert_goes_by(index, plan)
            assert SORTING[connection.vendor] not in plan, plan
