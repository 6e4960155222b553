"""Stopping and dying, with real processes and signals: nothing is lost, nothing is stuck, nothing is charged."""

import signal
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from django_jobs.models import Attempt, Job
from django_jobs.models import Worker as WorkerRow
from django_jobs.states import JobStatus
from django_jobs.worker import Worker
from tests import jobs
from tests.cutting import cut_connections
from tests.factories import JobFactory, WorkerFactory
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def statuses():
    return Counter(Job.objects.values_list("status", flat=True))


def test_sigterm_lets_running_jobs_end(runjobs, tmp_path):
    path = tmp_path / "held"
    held = jobs.hold.enqueue(str(path))
    worker = runjobs("--threads=1")
    wait_until(path.exists)
    waiting = jobs.echo.enqueue(1)
    worker.send(signal.SIGTERM)
    path.unlink()
    assert worker.wait() == 0
    held.refresh_from_db()
    waiting.refresh_from_db()
    assert held.status == JobStatus.COMPLETED
    assert (waiting.status, waiting.attempts) == (JobStatus.PENDING, 0)
    assert WorkerRow.objects.get().stopped_at is not None
    assert not Attempt.objects.exists()


def test_a_worker_that_is_asked_in_its_row_stops_after_its_jobs(runjobs, set_jobs, tmp_path):
    set_jobs(WORKER_TIMEOUT=3)
    path = tmp_path / "held"
    held = jobs.hold.enqueue(str(path))
    worker = runjobs("--threads=1")
    wait_until(path.exists)
    wait_until(lambda: (row := worker.row) is not None and (row.busy, bool(row.memory)) == (1, True))
    assert WorkerRow.objects.all().request_stop() == 1
    assert WorkerRow.objects.all().request_stop() == 0, "once is enough"
    waiting = jobs.echo.enqueue(1)
    wait_until(lambda: Job.objects.get(pk=waiting.pk).status == JobStatus.PENDING)
    path.unlink()
    assert worker.wait() == 0
    held.refresh_from_db()
    assert held.status == JobStatus.COMPLETED


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_jobs_that_do_not_end_in_time_are_given_back_unspent(runjobs, tmp_path, stop):
    paths = [tmp_path / f"held{number}" for number in range(6)]
    records = [jobs.hold.enqueue(str(path)) for path in paths]
    worker = runjobs("--threads=3", "--shutdown-timeout=0.5")
    wait_until(lambda: sum(path.exists() for path in paths) == 3)
    began = time.monotonic()
    worker.send(stop)
    assert worker.wait() == 0
    assert time.monotonic() - began < 6
    for record in records:
        record.refresh_from_db()
        assert (record.status, record.attempts, record.error) == (JobStatus.PENDING, 0, "")
    assert {row.outcome for row in Attempt.objects.all()} == {"released"}


def test_a_second_signal_gives_the_jobs_back_at_once(runjobs, tmp_path):
    path = tmp_path / "held"
    record = jobs.hold.enqueue(str(path))
    worker = runjobs("--shutdown-timeout=600")
    wait_until(path.exists)
    worker.send(signal.SIGINT)
    worker.send(signal.SIGTERM)
    assert worker.wait(10) == 0
    record.refresh_from_db()
    assert (record.status, record.attempts) == (JobStatus.PENDING, 0)


def test_a_job_that_blocks_in_c_is_given_back_too(runjobs):
    record = jobs.block.enqueue(600)
    worker = runjobs("--shutdown-timeout=0.2")
    wait_until(lambda: Job.objects.running().exists())
    wait_until(lambda: worker.row)
    worker.send(signal.SIGTERM)
    assert worker.wait(15) == 0
    record.refresh_from_db()
    assert (record.status, record.attempts) == (JobStatus.PENDING, 0)


def test_a_job_given_back_runs_again_with_the_same_attempt_number(runjobs, start_worker, tmp_path):
    path = tmp_path / "held"
    record = jobs.hold.enqueue(str(path))
    worker = runjobs("--shutdown-timeout=0.1")
    wait_until(path.exists)
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    start_worker()
    wait_until(lambda: len(lines(path)) == 2)
    path.unlink()
    assert record.wait(LONG).attempts == 1


def test_kill_in_the_middle_of_two_hundred_jobs_loses_none(runjobs, set_jobs, tmp_path):
    set_jobs(WORKER_TIMEOUT=2)
    effects = tmp_path / "effects"
    jobs.note_slowly.enqueue_many([[str(effects), 0.02]] * 200)
    first = runjobs("--threads=4")
    wait_until(lambda: len(lines(effects)) >= 60)
    first.send(signal.SIGKILL)
    first.wait()
    assert statuses()["running"] > 0
    second = runjobs("--threads=4")
    wait_until(lambda: not Job.objects.unfinished().exists())
    second.send(signal.SIGTERM)
    assert second.wait() == 0
    assert statuses() == {"completed": 200}
    ran = {line.split()[0] for line in lines(effects)}
    assert len(ran) == 200
    twice = len(lines(effects)) - 200
    rescued = Attempt.objects.filter(outcome="rescued").count()
    assert twice <= rescued
    assert Job.objects.filter(rescues=1).count() == rescued > 0
    assert "died, or fell silent" in Attempt.objects.filter(outcome="rescued")[0].error


def test_a_job_that_takes_workers_with_it_is_failed_as_poison(runjobs, set_jobs):
    set_jobs(WORKER_TIMEOUT=2, MAX_RESCUES=2)
    poison = jobs.kill_worker.using(max_attempts=10).enqueue()
    for _ in range(2):
        worker = runjobs()
        assert worker.wait() == -signal.SIGKILL
    runjobs()
    poison.wait(LONG)
    assert poison.status == JobStatus.FAILED
    assert "took 2 workers with it" in poison.error
    assert jobs.echo.enqueue(1).wait(LONG).status == JobStatus.COMPLETED


def test_a_poison_job_takes_none_of_the_jobs_with_it_that_were_claimed_beside_it(runjobs, set_jobs):
    set_jobs(WORKER_TIMEOUT=2, MAX_RESCUES=2)
    first, second = (jobs.kill_worker.using(max_attempts=10, priority="high").enqueue() for _ in range(2))
    beside = [jobs.echo.using(max_attempts=10).enqueue(number) for number in range(8)]
    last = jobs.echo.using(max_attempts=10, priority="low").enqueue("last")
    for _ in range(3):
        assert runjobs("--threads=20").wait() == -signal.SIGKILL
    runjobs("--threads=20")
    for record in [first, second, *beside, last]:
        record.wait(LONG)
    assert [record.status for record in (first, second)] == [JobStatus.FAILED] * 2
    assert {record.status for record in [*beside, last]} == {JobStatus.COMPLETED}


def test_a_worker_that_slept_too_long_stops_itself_and_starts_afresh(runjobs, set_jobs, start_worker, tmp_path):
    """A laptop that slept, a host that swapped: what it held is others' by now, and it must not touch it."""
    set_jobs(WORKER_TIMEOUT=2)
    path = tmp_path / "held"
    record = jobs.hold.enqueue(str(path))
    sleeper = runjobs()
    wait_until(path.exists)
    row = sleeper.row
    sleeper.send(signal.SIGSTOP)
    start_worker(poll_interval=0.1)
    wait_until(lambda: len(lines(path)) == 2)
    sleeper.send(signal.SIGCONT)
    sleeper.wait_for("others have its jobs")
    wait_until(lambda: sleeper.row.pk != row.pk)
    record.refresh_from_db()
    assert (record.status, record.attempts) == (JobStatus.RUNNING, 2)
    path.unlink()
    assert record.wait(LONG).status == JobStatus.COMPLETED
    assert record.attempts == 2
    assert [line.split()[1] for line in lines(path)] in ([], ["1", "2"])
    sleeper.send(signal.SIGTERM)
    assert sleeper.wait() == 0


def test_three_workers_drain_two_thousand_jobs_without_a_word_of_trouble(runjobs, tmp_path):
    effects = tmp_path / "effects"
    jobs.note.enqueue_many([[str(effects)]] * 2000)
    workers = [runjobs("--drain", "--threads=3") for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert statuses() == {"completed": 2000}
    ran = Counter(line.split()[0] for line in lines(effects))
    assert (len(ran), set(ran.values())) == (2000, {1})
    for worker in workers:
        trouble = [line for line in worker.output.splitlines() if " INFO " not in line]
        assert not trouble


class TestRescue:
    def test_the_jobs_of_a_silent_worker_run_again(self, start_worker):
        record = JobFactory(orphaned=True, max_attempts=3)
        start_worker()
        record.wait(LONG)
        assert (record.status, record.attempts, record.rescues) == (JobStatus.COMPLETED, 2, 1)
        first = Attempt.objects.get()
        assert (first.outcome, first.number) == ("rescued", 1)
        assert record.worker_id != JobFactory.build(orphaned=True).worker_id

    def test_the_jobs_of_a_worker_whose_row_is_gone_run_again(self, start_worker):
        record = JobFactory(abandoned=True)
        start_worker()
        assert record.wait(LONG).status == JobStatus.COMPLETED

    def test_the_jobs_of_a_worker_that_said_it_stopped_run_again(self, start_worker):
        record = JobFactory(running=True, worker=WorkerFactory(stopped=True))
        start_worker()
        assert record.wait(LONG).status == JobStatus.COMPLETED

    def test_the_jobs_of_a_living_worker_are_left_alone(self):
        record = JobFactory(running=True)
        Worker(drain=True).run()
        record.refresh_from_db()
        assert (record.status, record.claim_token) == (JobStatus.RUNNING, 1)

    def test_a_last_attempt_is_not_repeated(self, start_worker):
        record = JobFactory(orphaned=True, max_attempts=1)
        start_worker()
        record.wait(LONG)
        assert record.status == JobStatus.FAILED
        assert "died, or fell silent for too long, in attempt 1" in record.error

    def test_a_cancelled_job_is_not_repeated(self, start_worker):
        record = JobFactory(orphaned=True, cancel_requested_at=timezone.now())
        start_worker()
        assert record.wait(LONG).status == JobStatus.CANCELLED

    def test_many_orphans_are_rescued_at_once(self):
        worker = WorkerFactory(lapsed=True)
        JobFactory.create_batch(450, running=True, worker=worker)
        Worker(drain=True).run()
        assert not Job.objects.running().exists()

    def test_two_workers_rescue_a_job_once(self, start_worker):
        JobFactory.create_batch(50, orphaned=True, max_attempts=9)
        for _ in range(3):
            start_worker()
        wait_until(lambda: not Job.objects.unfinished().exists())
        assert Attempt.objects.filter(outcome="rescued").count() == 50
        assert set(Job.objects.values_list("attempts", "rescues")) == {(2, 1)}


def test_an_embedded_worker_that_lost_its_heartbeat_begins_anew(start_worker, set_jobs):
    set_jobs(WORKER_TIMEOUT=2)
    start_worker()
    row = wait_until(WorkerRow.objects.first)
    WorkerRow.objects.filter(pk=row.pk).update(heartbeat_at=F("heartbeat_at") - timedelta(hours=1))
    wait_until(lambda: WorkerRow.objects.exclude(pk=row.pk).exists())
    assert jobs.echo.enqueue(1).wait(LONG).status == JobStatus.COMPLETED


@pytest.mark.only_on("postgresql", "mysql")
def test_a_worker_outlives_the_loss_of_all_its_connections(runjobs, tmp_path):
    effects = tmp_path / "effects"
    jobs.note_slowly.enqueue_many([[str(effects), 0.005]] * 400)
    worker = runjobs("--threads=4")
    for share in (50, 150, 250):
        wait_until(lambda: len(lines(effects)) >= share)  # noqa: B023
        cut_connections()
    wait_until(lambda: Job.objects.finished().count() == 400, 40)
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    assert statuses() == {"completed": 400}
    assert connection.is_usable()
