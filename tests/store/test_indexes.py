"""I7: the cost of claiming grows neither with what is finished or for later, nor with foreign queues."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from django_jobs.ids import made_between, uuid7
from django_jobs.models import Job
from django_jobs.states import JobStatus
from tests.admin.conftest import logged_in, url
from tests.factories import WorkerFactory

pytestmark = pytest.mark.django_db(transaction=True)

S = JobStatus
ANALYZE = {"sqlite": "ANALYZE", "postgresql": "ANALYZE django_jobs_job", "mysql": "ANALYZE TABLE django_jobs_job"}
PREFIX = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN ", "mysql": "EXPLAIN FORMAT=JSON "}
WHOLE_TABLE = {
    "sqlite": r"SCAN django_jobs_job(?! USING INDEX)",
    "postgresql": r"Seq Scan on django_jobs_job",
    "mysql": r'"table_name": "django_jobs_job",\s*"access_type": "(ALL|index)"',
}
SORTING = {"sqlite": "TEMP B-TREE", "postgresql": "Sort", "mysql": "filesort"}
THOUSANDS: list[dict[str, Any]] = [
    {"status": S.COMPLETED, "count": 4000},
    {"status": S.FAILED, "count": 500},
    {"status": S.SCHEDULED, "count": 3000, "run_after": timezone.now() + timedelta(days=1)},
    {"status": S.WAITING, "count": 500},
    {"status": S.PENDING, "count": 3000, "queue_name": "paused"},
    {"status": S.PENDING, "count": 1500},
    {"status": S.COMPLETED, "count": 300, "owner": "shop:7"},
]


def insert_many(count: int, **fields: Any) -> None:
    # without the factory, which takes milliseconds for each
    Job.objects.bulk_create([Job(name="tests.echo", **fields) for _ in range(count)], batch_size=1000)


@pytest.fixture
def crowded():
    """Fill the table with thousands of jobs that a worker of the queue "default" need not look at, and some it must."""
    for kind in THOUSANDS:
        insert_many(**kind)
    insert_many(60, status=S.RUNNING, worker=WorkerFactory())
    insert_many(3, status=S.RUNNING, worker=WorkerFactory(lapsed=True))
    insert_many(20, status=S.SCHEDULED, run_after=timezone.now() - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(ANALYZE[connection.vendor])
        cursor.fetchall() if connection.vendor == "mysql" else None


def plans_of(operation: Callable[[], Any]) -> str:
    """Run an operation; return how the database planned each of its statements about jobs."""
    statements: list[tuple[str, Any]] = []

    def remember(execute, sql, params, many, context):
        if re.match(r"\s*(SELECT|UPDATE|WITH)", sql) and "django_jobs_job" in sql and not many:
            statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        operation()
    assert statements
    return "\n".join(plan_of(sql, params) for sql, params in statements if not re.match("UPDATE.*id IN", by_id(sql)))


def by_id(sql: str) -> str:
    """Return what tells an UPDATE by listed primary keys, which needs no other index, from one that searches."""
    return sql if connection.vendor == "mysql" else ""


def plan_of(sql: str, params: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(PREFIX[connection.vendor] + sql, params)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def assert_goes_by(index: str, plan: str) -> None:
    assert index in plan, plan
    whole = re.search(WHOLE_TABLE[connection.vendor], plan)
    assert not whole, plan


def test_claiming_walks_the_fetch_index_and_sorts_nothing(store, crowded):
    plan = plans_of(lambda: store.claim(uuid7(), "default", 10))
    assert_goes_by("django_jobs_fetch", plan)
    assert SORTING[connection.vendor] not in plan, plan


def test_promoting_walks_the_due_index(store, crowded):
    plan = plans_of(lambda: store.promote(10))
    assert_goes_by("django_jobs_due", plan)
    assert SORTING[connection.vendor] not in plan, plan


def test_the_queues_are_found_by_steps_along_the_fetch_index(store, crowded):
    assert sorted(store.pending_queues()) == ["default", "paused"]
    assert_goes_by("django_jobs_fetch", plans_of(store.pending_queues))


def test_a_survey_steps_along_the_fetch_index_and_looks_at_the_first_that_may_be_due(store, crowded):
    assert store.survey() == (["default", "paused"], True)
    plan = plans_of(store.survey)
    assert_goes_by("django_jobs_fetch", plan)
    assert_goes_by("django_jobs_due", plan)


def test_orphans_are_looked_for_among_the_running_only(store, crowded):
    plan = plans_of(lambda: len(Job.objects.orphaned(store.now())))
    assert Job.objects.orphaned(store.now()).count() == 3
    assert re.search("django_jobs_(running|status)", plan), plan
    assert not re.search(WHOLE_TABLE[connection.vendor], plan), plan


def test_the_jobs_of_an_owner_are_found_by_an_index(store, crowded):
    for owner, count in (("shop:7", 26), ("shop:8", 0)):
        newest = Job.objects.owned_by(owner).order_by("-pk")[:26]
        assert_goes_by("django_jobs_owner", plans_of(newest.__len__))
        assert len(newest) == count


@pytest.mark.parametrize("status", [S.COMPLETED, S.FAILED])
def test_the_newest_of_a_status_are_not_looked_for_among_newer_ones_of_others(store, crowded, status):
    newest = Job.objects.newest_of(status)[:26]
    plan = plans_of(newest.__len__)
    assert_goes_by("django_jobs_status", plan)
    assert SORTING[connection.vendor] not in plan, plan
    assert list(newest) == list(Job.objects.filter(status=status).order_by("-pk")[:26])


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("face", ["admin", "API"])
def test_a_list_of_one_status_is_not_read_from_among_newer_jobs_of_others(crowded, face):
    filters = pytest.importorskip("django_jobs.api.filters", reason="django-ninja is not installed")
    client, asked = logged_in(superuser=True), {"status": [S.COMPLETED]}
    read = {
        "admin": lambda: client.get(url("job_changelist"), asked),
        "API": lambda: filters.JobFilters.model_validate(asked).page(Job.objects.all()),
    }
    plan = plans_of(read[face])
    assert "Backward using django_jobs_status" in plan, plan
    assert not re.search(r"using django_jobs_job_pkey.*\n(\s+Index Cond.*\n)?\s+Filter: .*status", plan), plan


def test_times_are_found_by_ids_which_are_the_primary_key(store, crowded):
    old = Job.objects.filter(**made_between(None, timezone.now() - timedelta(days=1))).order_by("-pk")[:26]
    plan = plans_of(old.__len__)
    assert not re.search(WHOLE_TABLE[connection.vendor], plan), plan


def test_the_job_table_has_no_more_than_five_indexes(db):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Job._meta.db_table)
    indexes = {name for name, details in found.items() if details["index"] and not details["primary_key"]}
    ours = {name for name in indexes if name.startswith("django_jobs_")}
    assert ours == {
        "django_jobs_fetch",
        "django_jobs_due",
        "django_jobs_running",
        "django_jobs_status",
        "django_jobs_owner",
    }
    assert len(indexes) <= 5, indexes


@pytest.mark.only_on("sqlite", "postgresql")
@pytest.mark.parametrize("index", ["fetch", "due", "running", "owner"])
def test_an_index_holds_no_more_rows_than_are_looked_for_in_it(index):
    value = {"fetch": "= 'pending'", "due": "= 'scheduled'", "running": "= 'running'", "owner": "> ''"}[index]
    question = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE name = %s",
        "postgresql": "SELECT indexdef FROM pg_indexes WHERE indexname = %s",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(question, [f"django_jobs_{index}"])
        ((definition,),) = cursor.fetchall()
    assert value in definition.partition("WHERE")[2].replace("::character varying", "").replace("::text", "")


@pytest.mark.only_on("mysql")
@pytest.mark.parametrize("index", ["fetch", "due", "running"])
def test_without_partial_indexes_the_status_leads(index):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Job._meta.db_table)
    assert found[f"django_jobs_{index}"]["columns"][0] == "status"
