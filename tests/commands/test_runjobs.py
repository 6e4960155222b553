"""`manage.py runjobs`: its options, its exit codes, and its fresh start when code changes."""

import json
import logging
import signal

import pytest
from django.core.management import CommandError, call_command

from django_jobs.ids import uuid7
from django_jobs.management.commands.runjobs import Command, log_to_console
from django_jobs.models import Job
from django_jobs.models import Worker as WorkerRow
from django_jobs.states import JobStatus
from tests import jobs
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

JOBS_FILE = """
from django_jobs import current_job, job


@job
def version() -> int:
    return {version}


@job(max_attempts=1)
def stay() -> None:
    import time

    while True:
        time.sleep(0.01)
"""


@pytest.mark.parametrize("flag", ["--drain", "--once"])
def test_it_runs_what_is_due_and_ends(runjobs, flag):
    record = jobs.enqueue_another.enqueue(3)
    later = jobs.echo.using(delay="1h").enqueue(1)
    worker = runjobs(flag)
    assert worker.wait() == 0
    assert record.wait(1).status == JobStatus.COMPLETED
    assert Job.objects.completed().count() == 2
    assert Job.objects.get(pk=later.pk).status == JobStatus.SCHEDULED
    assert "stopped: nothing is due any more" in worker.output


def test_it_ends_after_as_many_jobs_as_it_was_told(runjobs):
    jobs.echo.enqueue_many([[1]] * 12)
    worker = runjobs("--max-jobs=5", "--threads=2")
    assert worker.wait() == 0
    assert Job.objects.completed().count() == 5
    assert Job.objects.pending().count() == 7


def test_it_serves_the_queues_it_was_given(runjobs):
    for queue_name in ("mail", "reports", "other"):
        jobs.echo.using(queue_name=queue_name).enqueue(1)
    assert runjobs("--drain", "--queues=mail, reports").wait() == 0
    assert Job.objects.pending().get().queue_name == "other"


def test_it_runs_as_many_threads_as_it_was_told_and_says_so(runjobs):
    worker = runjobs("--threads=7", "--queues=mail")
    worker.wait_for("started: queues mail, 7 threads")
    row = WorkerRow.objects.get()
    assert (row.concurrency, row.queue_names, row.pid) == (7, ["mail"], worker.process.pid)
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0


def test_a_level_that_the_project_gave_is_left_alone(monkeypatch):
    ours = logging.getLogger("django_jobs")
    monkeypatch.setattr(ours, "level", logging.WARNING)
    log_to_console(2)
    assert ours.level == logging.WARNING


@pytest.mark.parametrize(("verbosity", "expected"), [("0", False), ("1", True), ("2", True)])
def test_it_says_as_much_as_it_was_asked_to(runjobs, verbosity, expected):
    jobs.echo.enqueue(1)
    jobs.give_up.enqueue("no use")
    jobs.talk.enqueue()
    worker = runjobs("--drain", f"--verbosity={verbosity}")
    assert worker.wait() == 0
    assert ("tests.echo" in worker.output) is expected
    assert ("INFO step" in worker.output) is expected
    assert "no use" in worker.output
    assert ("started, attempt 1 of" in worker.output) is (verbosity == "2")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--threads=0"], "'0' is not a whole number of at least 1"),
        (["--threads=two"], "argument --threads: 'two' is not a whole number of at least 1"),
        (["--processes=two"], "argument --processes: 'two' is not a whole number"),
        (["--max-jobs=-1"], "argument --max-jobs"),
        (["--poll-interval=soon"], "'soon' is not a duration"),
        (["--poll-interval=0"], "argument --poll-interval: '0' is shorter than 0.01 s"),
        (["--poll-interval=61"], "argument --poll-interval: '61' is 61 s, more than 60 s"),
        (["--shutdown-timeout=-5"], "argument --shutdown-timeout"),
        (["--queues="], "argument --queues: '' is not a list of queues, with commas between their names"),
        (["--queues=mail,"], "argument --queues"),
        (["--queues=" + "x" * 101], "argument --queues"),
    ],
)
def test_a_bad_value_is_named(arguments, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("runjobs", *arguments)


def test_a_bad_value_ends_the_process_with_an_error(runjobs):
    worker = runjobs("--threads=0")
    assert worker.wait() == 2
    assert "--threads: '0' is not" in worker.output


def test_a_handler_that_never_returns_makes_the_process_start_afresh(runjobs):
    record = jobs.block.using(timeout=0.2, max_attempts=1).enqueue(600)
    worker = runjobs("--threads=1", "--shutdown-timeout=1")
    record.wait(LONG)
    assert "longer than its limit" in record.error
    worker.wait_for("The worker starts afresh: a handler never returned")
    assert jobs.echo.enqueue(1).wait(LONG).status == JobStatus.COMPLETED
    assert WorkerRow.objects.filter(pid=worker.process.pid).count() == 2
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0


def test_a_process_ends_though_a_handler_left_a_thread_behind(runjobs):
    record = jobs.leave_a_thread.enqueue()
    worker = runjobs("--max-jobs=1")
    assert worker.wait() == 0
    assert record.wait(1).status == JobStatus.COMPLETED
    assert WorkerRow.objects.get().stopped_at is not None
    assert "the process leaves without it" in worker.output


def test_a_signal_during_a_fresh_start_is_not_forgotten(runjobs, tmp_path):
    """Told to stop while it waits for the last jobs before starting afresh, it stops."""
    held = tmp_path / "held"
    jobs.hold.enqueue(str(held))
    record = jobs.block.using(timeout=0.2, max_attempts=1).enqueue(600)
    worker = runjobs("--threads=2", "--shutdown-timeout=600")
    record.wait(LONG)
    wait_until(held.exists)
    worker.wait_for("does not stop: its thread is abandoned")
    worker.send(signal.SIGTERM)
    held.unlink()
    assert worker.wait() == 0
    assert "starts afresh" not in worker.output


class TestReloading:
    @pytest.fixture
    def app(self, tmp_path, child_environment):
        """Make an app that a child process can load, and return its environment and its jobs.py."""
        package = tmp_path / "path" / "reloaded"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "jobs.py").write_text(JOBS_FILE.format(version=1))
        environment = {
            "PYTHONPATH": f"{package.parent}:{child_environment['PYTHONPATH']}",
            "TESTS_APPS": "reloaded",
            "TESTS_DEBUG": "yes",
        }
        return environment, package / "jobs.py"

    def test_a_change_is_picked_up(self, runjobs, app):
        environment, code = app
        worker = runjobs(**environment)
        assert enqueued("reloaded.version").wait(LONG).result == 1
        code.write_text(JOBS_FILE.format(version=22))
        worker.wait_for("its code has changed")
        worker.wait_for("started: all queues", times=2)
        assert enqueued("reloaded.version").wait(LONG).result == 22
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0

    def test_a_running_job_is_given_back_and_runs_with_the_new_code(self, runjobs, app):
        environment, code = app
        worker = runjobs(**environment)
        record = enqueued("reloaded.stay")
        wait_until(lambda: Job.objects.running().exists())
        code.write_text(JOBS_FILE.format(version=2).replace("while True", "if False"))
        assert record.wait(LONG).status == JobStatus.COMPLETED
        assert record.attempts == 1
        assert worker.process.poll() is None

    def test_code_that_does_not_load_is_waited_for(self, runjobs, app):
        environment, code = app
        worker = runjobs(**environment)
        worker.wait_for("started: all queues")
        code.write_text("this is no python\n")
        worker.wait_for("it starts again when a file changes")
        code.write_text(JOBS_FILE.format(version=333))
        assert enqueued("reloaded.version").wait(LONG).result == 333
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0

    def test_checks_run_once_and_mistakes_they_find_are_waited_for(self, runjobs, app):
        environment, code = app
        worker = runjobs(**environment, TESTS_JOBS=json.dumps({"CONCURRENCI": 1}))
        worker.wait_for("it starts again when a file changes")
        assert worker.output.count("Did you mean 'CONCURRENCY'?") == 1
        code.write_text(JOBS_FILE.format(version=22))
        worker.wait_for("it starts again when a file changes", times=2)
        worker.send(signal.SIGTERM)
        assert worker.wait() == 1

    def test_ctrl_c_counts_once(self, runjobs, app, tmp_path):
        environment, _ = app
        held = tmp_path / "held"
        record = jobs.hold.enqueue(str(held))
        worker = runjobs("--shutdown-timeout=600", **environment)
        wait_until(held.exists)
        worker.send_to_group(signal.SIGINT)
        held.unlink()
        assert worker.wait() == 0
        assert record.wait(1).status == JobStatus.COMPLETED
        assert record.attempts == 1

    def test_a_second_ctrl_c_stops_at_once(self, runjobs, app, tmp_path):
        environment, _ = app
        held = tmp_path / "held"
        record = jobs.hold.enqueue(str(held))
        worker = runjobs("--shutdown-timeout=600", **environment)
        wait_until(held.exists)
        worker.send_to_group(signal.SIGINT)
        worker.send_to_group(signal.SIGTERM)
        assert worker.wait() == 0
        record.refresh_from_db()
        assert (record.status, record.attempts) == (JobStatus.PENDING, 0)

    @pytest.mark.parametrize("flag", ["--noreload", "--drain"])
    def test_it_can_be_left_out(self, runjobs, app, flag):
        environment, _ = app
        worker = runjobs(flag, "--max-jobs=1", **environment)
        record = jobs.echo.enqueue(1)
        assert worker.wait() == 0
        if flag == "--noreload":
            assert record.wait(1).status == JobStatus.COMPLETED
        assert WorkerRow.objects.get().pid == worker.process.pid

    def test_a_killed_parent_takes_its_worker_along(self, runjobs, app):
        environment, _ = app
        worker = runjobs(**environment)
        row = wait_until(WorkerRow.objects.first)
        assert row.pid != worker.process.pid
        worker.send(signal.SIGKILL)
        wait_until(lambda: WorkerRow.objects.get(pk=row.pk).stopped_at)


def enqueued(name):
    """Enqueue a job of a handler that only the child knows."""
    return Job.objects.create(name=name)


def test_a_supervised_worker_leaves_the_checks_to_its_supervisor(settings, monkeypatch, capsys):
    settings.JOBS = {**settings.JOBS, "CONCURRENCI": 1}
    worked = []
    monkeypatch.setattr(Command, "handle", lambda *args, **options: worked.append(options["processes"]))
    arguments = ["manage.py", "runjobs", "--processes=2"]
    with pytest.raises(SystemExit):
        Command().run_from_argv(arguments[:2])
    monkeypatch.setenv("DJANGO_JOBS_CHILD", str(uuid7()))
    with pytest.raises(SystemExit):
        Command().run_from_argv(arguments[:2])  # a reloader's child: its code is newer than its parent's
    assert capsys.readouterr().err.count("Did you mean 'CONCURRENCY'?") == 2
    Command().run_from_argv(arguments)
    assert [vars(processes) for processes in worked] == [{"lowest": 2, "highest": 2}]
