"""Deleting what finished long ago, and nothing else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, connections, models, transaction
from django.utils import timezone

from django_jobs.ids import first_uuid7_of, uuid7
from django_jobs.models import Attempt, Job, JobEvent, JobLog
from django_jobs.pruning import prune
from django_jobs.states import FINISHED, JobStatus
from django_jobs.worker import maintenance

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)
OLD = timedelta(days=8)


def make_job(status: JobStatus = JobStatus.COMPLETED, *, age: timedelta = OLD, made: timedelta | None = None) -> Job:
    """Make a job that finished `age` ago and was created `made` ago."""
    now = timezone.now()
    created = now - (made or age)
    base, unique = first_uuid7_of(created.timestamp()).int, uuid7().int
    return Job.objects.create(
        id=type(uuid7())(int=base | unique & ((1 << 62) - 1)),
        name="shop.count",
        status=status,
        created_at=created,
        finished_at=now - age if status in FINISHED else None,
    )


def cutoff():
    return timezone.now() - WEEK


@pytest.mark.parametrize("status", sorted(FINISHED))
def test_what_finished_before_the_cutoff_goes(status):
    make_job(status)
    assert prune(cutoff()) == 1
    assert not Job.objects.exists()


@pytest.mark.parametrize("status", sorted(frozenset(JobStatus) - FINISHED))
def test_what_has_not_finished_stays_however_old(status):
    make_job(status)
    assert prune(cutoff()) == 0
    assert Job.objects.count() == 1


def test_an_old_job_that_finished_lately_stays():
    make_job(made=OLD, age=timedelta(days=1))
    assert prune(cutoff()) == 0


def test_a_young_job_stays():
    make_job(age=timedelta(days=6))
    assert prune(cutoff()) == 0


def test_what_a_job_left_behind_goes_with_it_and_only_that():
    old, young = make_job(), make_job(age=timedelta(0))
    for job in (old, young):
        JobLog.objects.create(job=job, message="hello")
        JobEvent.objects.create(job=job, name="spoken")
        Attempt.objects.create(job=job, number=1, claim_token=1, outcome="failed", ended_at=timezone.now())
    assert prune(cutoff()) == 1
    for model in (JobLog, JobEvent, Attempt):
        assert [row.job_id for row in model.objects.all()] == [young.pk]


def test_the_jobs_that_a_pruned_one_enqueued_stay():
    parent = make_job()
    child = Job.objects.create(name="shop.count", parent=parent, copy_of=parent)
    prune(cutoff())
    assert list(Job.objects.all()) == [child]


def test_one_call_deletes_no_more_than_its_limit_over_all_statuses():
    for status in [*FINISHED, *FINISHED]:
        make_job(status)
    assert [prune(cutoff(), limit=4), prune(cutoff(), limit=4), prune(cutoff(), limit=4)] == [4, 2, 0]


def test_only_the_statuses_asked_for_go():
    for status in FINISHED:
        make_job(status)
    prune(cutoff(), statuses=[JobStatus.COMPLETED])
    assert set(Job.objects.values_list("status", flat=True)) == {JobStatus.FAILED, JobStatus.CANCELLED}


def test_pruning_asks_as_many_queries_for_many_jobs_as_for_one(django_assert_max_num_queries):
    for _ in range(50):
        make_job()
    with django_assert_max_num_queries(20):
        assert prune(cutoff()) == 50


def test_a_job_that_another_model_protects_stays_and_is_in_nobodys_way(pinned_job):
    pin = pinned_job._base_manager
    kept = [make_job() for _ in range(3)]
    for job in kept:
        pin.create(job=job)
    make_job()
    assert prune(cutoff(), limit=2) == 1
    assert prune(cutoff(), limit=2) == 0
    assert set(Job.objects.all()) == set(kept)


def prune_and_hang_up() -> int:
    try:
        return prune(cutoff())
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
@pytest.mark.only_on("postgresql", "mysql")
def test_a_job_that_is_being_retried_meanwhile_stays():
    job = make_job(JobStatus.FAILED)
    with transaction.atomic():
        assert job.retry()
        with ThreadPoolExecutor(1) as other:
            assert other.submit(prune_and_hang_up).result(timeout=20) == 0
    assert Job.objects.get().status == JobStatus.PENDING


@pytest.fixture
def pinned_job(transactional_db):
    """Return a model of somebody else's that protects its job, with a table."""
    from django.apps import apps

    class Pin(models.Model):
        job = models.ForeignKey(Job, on_delete=models.PROTECT)

        class Meta:
            app_label = "tests"

        def __str__(self) -> str:
            return f"pin of {self.pk}"

    with connection.schema_editor() as editor:
        editor.create_model(Pin)
    yield Pin
    Pin._base_manager.all().delete()
    with connection.schema_editor() as editor:
        editor.delete_model(Pin)
    del apps.all_models["tests"]["pin"]
    apps.clear_cache()


def test_jobs_with_many_lines_go_in_portions(monkeypatch):
    monkeypatch.setattr("django_jobs.pruning.MOST_LINES", 25)
    for lines in (10, 10, 10, 40, 0):
        job = make_job()
        JobLog.objects.bulk_create(JobLog(job=job, message="line") for _ in range(lines))
    gone = []
    while deleted := prune(cutoff()):
        gone.append(deleted)
    assert sum(gone) == 5
    assert len(gone) >= 3
    assert not JobLog.objects.exists()


def rounds_of_pruning(monkeypatch, seconds, found):
    """Return how often a worker prunes in so many seconds, where each time it finds so many jobs."""
    clock, rounds = [0.0], []

    def prune(*_batch, **_limits):
        rounds.append(clock[0])
        return found

    monkeypatch.setattr(maintenance, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(maintenance, "prune", prune)
    monkeypatch.setattr(maintenance, "PRUNE_FOR", 0.0)  # one batch each time
    duties = maintenance.Maintenance("default", lambda _: None)
    while clock[0] < seconds:
        duties.run_due()
        clock[0] += 10
    return len(rounds)


def test_a_worker_prunes_every_minute_while_there_is_something_old_and_seldom_else(monkeypatch):
    assert 8 <= rounds_of_pruning(monkeypatch, 600, found=500) <= 13
    assert rounds_of_pruning(monkeypatch, 1800, found=0) <= 5
