"""What handlers say reaches the tables: at once, whole, in order, whatever the database does meanwhile."""

import logging
import threading
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_jobs import current_job
from django_jobs.attempt import Running
from django_jobs.attempt.outcomes import completed
from django_jobs.models import Job, JobEvent, JobLog, Stat
from django_jobs.states import JobStatus
from django_jobs.store import Progress, get_store
from django_jobs.worker import Worker, recorder
from django_jobs.worker.batch import Batch, key_of
from django_jobs.worker.tally import Tally
from django_jobs.worker.writing import Written, write
from tests import jobs
from tests.cutting import cut_connections
from tests.factories import WorkerFactory
from tests.waiting import LONG, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

logger = logging.getLogger("tests.somewhere")


def drain(**options):
    return Worker(drain=True, poll_interval=0.05, shutdown_timeout=5, **options).run()


def ran(record):
    drain()
    record.refresh_from_db()
    return record


def messages(record):
    return list(JobLog.objects.filter(job=record).order_by("id").values_list("message", flat=True))


class TestProgress:
    def test_it_is_stored_with_its_message(self, make_handler):
        record = ran(make_handler(lambda: current_job.progress(3, 4, "three of four")).enqueue())
        assert (record.progress_current, record.progress_total, record.progress_message) == (3, 4, "three of four")

    @pytest.mark.only_on("postgresql", "mysql")
    def test_it_shows_while_the_handler_holds_a_transaction_open(self, make_handler, start_worker):
        seen = threading.Event()

        def work():
            with transaction.atomic():
                Group.objects.create(name="not yet committed")
                current_job.progress(50, message="half")
                current_job.log.warning("still open")
                seen.wait(LONG)

        record = make_handler(work).enqueue()
        start_worker()
        wait_until(lambda: Job.objects.filter(pk=record.pk, progress_message="half", status="running").exists())
        wait_until(lambda: messages(record) == ["still open"])
        assert not Group.objects.exists()
        seen.set()
        assert record.wait(LONG).status == JobStatus.COMPLETED

    def test_it_shows_while_the_handler_runs(self, make_handler, start_worker):
        seen = threading.Event()

        def work():
            current_job.progress(50)
            seen.wait(LONG)

        record = make_handler(work).enqueue()
        start_worker()
        wait_until(lambda: Job.objects.filter(pk=record.pk, progress_current=50, status="running").exists())
        seen.set()

    @pytest.mark.parametrize(
        "message",
        ["a\x00b", "\ud83d", "x" * 5000, "ä" * 300, "\U0001f680" * 255],
        ids=["NUL", "half", "long", "umlauts", "rockets"],
    )
    def test_any_message_can_be_stored(self, make_handler, message):
        record = ran(make_handler(lambda: current_job.progress(1, message=message)).enqueue())
        assert (record.status, record.error) == (JobStatus.COMPLETED, "")
        assert record.progress_message

    @pytest.mark.parametrize("given", [(float("nan"),), (float("inf"),), (1, float("nan")), ("half",)])
    def test_what_is_no_number_is_refused(self, make_handler, given):
        record = ran(make_handler(lambda: current_job.progress(*given), max_attempts=1).enqueue())
        assert record.status == JobStatus.FAILED

    @pytest.mark.parametrize(("current", "total", "percent"), [(0, 0, None), (1e300, 1, 100), (-5, 10, 0), (5, -1, 0)])
    def test_odd_numbers_harm_nobody(self, make_handler, current, total, percent):
        def work():
            current_job.progress(current, total)
            raise ValueError

        record = ran(make_handler(work, max_attempts=1).enqueue())
        assert record.error == "ValueError"
        assert record.progress_percent == percent

    def test_the_last_of_a_job_that_completes_is_written_with_its_completion(self):
        jobs.echo.enqueue_many([[1]] * 3)
        store = get_store("default")
        runs = [Running(claim, Mock()) for claim in store.claim(WorkerFactory().pk, "default", 3)]
        batch = Batch(endings=[completed(run, None) for run in runs[:2]])
        batch.progress = {run: Progress(1.0, 4.0, "so far") for run in runs[1:]}
        with CaptureQueriesContext(connection) as asked:
            written = write(store, batch)
        changes = [query["sql"] for query in asked if " SET " in query["sql"]]
        assert ["status = 'completed'" in change for change in changes] == [False, True]
        assert {pk for pk, _ in written.progress} == {run.claim.id for run in batch.progress}
        assert list(Job.objects.order_by("id").values_list("status", "progress_current", "progress_message")) == [
            ("completed", None, ""), ("completed", 1.0, "so far"), ("running", 1.0, "so far"),
        ]  # fmt: skip

    @pytest.mark.only_on("postgresql", "mysql")
    def test_all_rows_are_locked_in_one_order_where_some_only_report_it(self):
        jobs.echo.enqueue_many([[1]] * 2)
        store = get_store("default")
        ended, running = (Running(claim, Mock()) for claim in store.claim(WorkerFactory().pk, "default", 2))
        batch = Batch(endings=[completed(ended, None)])
        batch.progress = {running: Progress(1.0, 4.0, "")}
        with CaptureQueriesContext(connection) as asked:
            write(store, batch)
        first = next(query["sql"] for query in asked if "django_jobs_job" in query["sql"])
        assert "FOR UPDATE" in first
        assert all(pk.hex in first.replace("-", "") for pk, _ in map(key_of, (ended, running)))

    def test_an_iterable_is_tracked(self, make_handler):
        record = ran(make_handler(lambda: sum(current_job.track(range(10), message="adding"))).enqueue())
        assert (record.result, record.progress_current, record.progress_total) == (45, 10, 10)


class TestLogs:
    def test_any_logger_is_captured_with_its_fields(self, make_handler):
        def work():
            logger.warning("plain %d", 1)
            logging.getLogger().error("root")
            current_job.log.info("own", extra={"rows": 7, "odd": {1, 2}})
            try:
                raise KeyError("k")
            except KeyError:
                logger.exception("caught")

        record = ran(make_handler(work).enqueue())
        rows = list(JobLog.objects.filter(job=record).order_by("id"))
        assert [row.message.partition("\n")[0] for row in rows] == ["plain 1", "root", "own", "caught"]
        assert [row.level for row in rows] == [logging.WARNING, logging.ERROR, logging.INFO, logging.ERROR]
        assert [row.logger for row in rows] == ["tests.somewhere", "root", "django_jobs.job", "tests.somewhere"]
        assert rows[2].extra == {"rows": 7, "odd": "{1, 2}"}
        assert "KeyError: 'k'" in rows[3].message
        assert {row.attempt for row in rows} == {1}

    def test_nothing_is_captured_outside_a_handler(self, make_handler):
        logger.warning("before")
        ran(make_handler(lambda: None).enqueue())
        logger.warning("after")
        assert not JobLog.objects.exists()

    def test_jobs_side_by_side_do_not_mix_their_lines(self, make_handler):
        together = threading.Barrier(5)

        def talk(number):
            together.wait(LONG)
            for step in range(50):
                logger.warning("%d %d", number, step)
            return str(current_job.id)

        handler = make_handler(talk)
        records = handler.enqueue_many([[number] for number in range(5)])
        drain(concurrency=5)
        for number, record in enumerate(records):
            record.refresh_from_db()
            assert record.result == str(record.pk)
            assert messages(record) == [f"{number} {step}" for step in range(50)]

    def test_a_megabyte_in_one_record_is_cut_with_a_note(self, make_handler):
        record = ran(make_handler(lambda: logger.warning("x" * 1_000_000)).enqueue())
        (said,) = messages(record)
        assert record.status == JobStatus.COMPLETED
        assert len(said) <= 100_000
        assert "more characters cut" in said

    def test_ten_thousand_records_arrive_in_order(self, make_handler):
        def work():
            for number in range(10_000):
                logger.warning("%d", number)

        record = ran(make_handler(work).enqueue())
        assert record.status == JobStatus.COMPLETED
        assert messages(record) == [str(number) for number in range(10_000)]

    def test_many_long_records_arrive(self, make_handler):
        """Fifty megabytes: more than MySQL takes in one statement by default."""

        def work():
            for _ in range(500):
                logger.warning("x" * 99_000)

        record = ran(make_handler(work).enqueue())
        assert record.status == JobStatus.COMPLETED
        assert JobLog.objects.filter(job=record).count() == 500

    @pytest.mark.parametrize(
        "text", ["a\x00b", "half \ud83d", "\U0001f680", "\x07\x1b[31m"], ids=["NUL", "half", "rocket", "control"]
    )
    def test_any_text_can_be_stored(self, make_handler, text, monkeypatch):
        # pytest keeps what is logged for its report, and pytest-xdist cannot send half of a surrogate pair
        monkeypatch.setattr(logging.getLogger(), "handlers", [])

        def work():
            logger.warning(text)
            logger.warning("%s", "in extra", extra={"key": text, f"k{text}": 1})
            logging.getLogger(f"tests.{text}").warning("in the name")

        record = ran(make_handler(work).enqueue())
        assert (record.status, record.error) == (JobStatus.COMPLETED, "")
        assert JobLog.objects.filter(job=record).count() == 3

    def test_a_record_that_cannot_be_formatted_harms_nobody(self, make_handler, monkeypatch, capsys):
        monkeypatch.setattr(logging, "raiseExceptions", False)

        class Broken:
            def __str__(self):
                raise RuntimeError("no text")

        def work():
            logger.warning("%d", "not a number")
            logger.warning("%s", Broken())
            logger.warning("fine", extra={"broken": Broken()})

        record = ran(make_handler(work).enqueue())
        assert record.status == JobStatus.COMPLETED
        assert "fine" in messages(record)

    def test_lines_below_the_level_are_left_out(self, make_handler, set_jobs):
        set_jobs(LOG_LEVEL="ERROR")

        def work():
            current_job.log.warning("left out")
            current_job.log.error("stored")

        assert messages(ran(make_handler(work).enqueue())) == ["stored"]


class TestEvents:
    def test_they_are_stored_with_their_data(self, make_handler):
        record = ran(make_handler(lambda: current_job.emit("page.done", {"page": [1, "ä", None]})).enqueue())
        event = JobEvent.objects.get()
        assert (event.job_id, event.name, event.data) == (record.pk, "page.done", {"page": [1, "ä", None]})

    def test_they_bear_the_time_when_they_were_emitted(self, make_handler):
        def work():
            before = timezone.now()
            current_job.emit("done")
            return [before.isoformat(), timezone.now().isoformat()]

        begin, end = ran(make_handler(work).enqueue()).result
        assert begin <= JobEvent.objects.get().created_at.isoformat() <= end

    def test_data_that_json_would_lose_is_refused(self, make_handler):
        record = ran(make_handler(lambda: current_job.emit("bad", {1: 2}), max_attempts=1).enqueue())
        assert record.status == JobStatus.FAILED
        assert "emit('bad') data has the key 1" in record.error


@pytest.fixture
def raising_filter():
    class Raising(logging.Filter):
        def filter(self, record):
            raise RuntimeError("a filter of the project")

    ours, broken = logging.getLogger("django_jobs.worker"), Raising()
    ours.addFilter(broken)
    yield
    ours.removeFilter(broken)


def write_after(monkeypatch, *faults):
    """Have the recorder meet these faults, the last first, before it writes anything; return those that are left."""
    left = [*faults]

    def faulty(store, batch):
        if left:
            raise left.pop()
        return write(store, batch)

    monkeypatch.setattr(recorder, "write", faulty)
    return left


class TestTrouble:
    def test_a_slow_database_makes_handlers_wait(self, make_handler, start_worker, monkeypatch):
        """A handler that talks faster than the database writes is held back instead of filling the memory."""
        go_on, most = threading.Event(), []

        def slow(store, batch):
            go_on.wait(LONG)
            return write(store, batch)

        monkeypatch.setattr(recorder, "write", slow)
        monkeypatch.setattr(recorder, "CAPACITY", 100)

        def work():
            for number in range(500):
                logger.warning("%d", number)
                most.append(number)

        record = make_handler(work).enqueue()
        worker = start_worker()
        wait_until(lambda: hasattr(worker, "_recorder") and len(worker._recorder._batch) >= 100)
        assert len(most) <= 250
        go_on.set()
        assert record.wait(LONG).status == JobStatus.COMPLETED
        assert len(messages(record)) == 500

    def test_a_refused_batch_fails_only_the_guilty(self, make_handler, start_worker, monkeypatch, caplog):
        """One result that the database will not take does not keep those beside it from being written."""
        together = threading.Barrier(5)
        monkeypatch.setattr("django_jobs.attempt.outcomes.result_json", lambda value: value)

        def give(text):
            together.wait(LONG)
            return text

        handler = make_handler(give)
        good = handler.enqueue_many([['"good"']] * 4)
        guilty = handler.enqueue('"bad \\u0000"' if connection.vendor == "postgresql" else '{"not": json')
        start_worker(concurrency=5)
        assert [record.wait(LONG).status for record in good] == [JobStatus.COMPLETED] * 4
        assert guilty.wait(LONG).status == JobStatus.FAILED
        assert "The outcome could not be stored" in guilty.error

    def test_a_fault_of_our_own_while_writing_does_not_stop_the_recorder(self, make_handler, start_worker, monkeypatch):
        write_after(monkeypatch, RuntimeError("a fault"), ValueError("and another"))
        first = jobs.echo.enqueue(1)
        start_worker()
        assert first.wait(LONG).is_finished
        assert jobs.echo.enqueue(2).wait(LONG).status == JobStatus.COMPLETED

    def test_a_refusal_that_was_none_of_a_job_is_told_with_its_reason(self, start_worker, monkeypatch, caplog):
        write_after(monkeypatch, ValueError("once, and never again"))
        record = jobs.echo.enqueue(1)
        start_worker()
        assert record.wait(LONG).status == JobStatus.COMPLETED
        wait_until(lambda: "has taken all that was kept" in caplog.text)
        assert "tried in parts: ValueError('once, and never again')" in caplog.text

    def test_a_logging_filter_that_raises_stops_nothing(self, start_worker, raising_filter):
        worker = start_worker()
        wait_until(lambda: hasattr(worker, "_recorder"))
        records = [jobs.give_up.enqueue() for _ in range(3)]
        assert [record.wait(LONG).status for record in records] == [JobStatus.FAILED] * 3
        assert jobs.echo.enqueue(2).wait(LONG).status == JobStatus.COMPLETED

    def test_nor_does_it_while_an_outcome_is_refused(self, make_handler, start_worker, raising_filter):
        begun, go_on = threading.Event(), threading.Event()

        def work():
            begun.set()
            go_on.wait(LONG)

        record = make_handler(work).enqueue()
        worker = start_worker()
        assert begun.wait(LONG)
        Job.objects.filter(pk=record.pk).update(claim_token=F("claim_token") + 1)  # as after a rescue
        go_on.set()
        wait_until(lambda: len(worker._executors) == 0)
        assert jobs.echo.enqueue(2).wait(LONG).status == JobStatus.COMPLETED

    def test_a_recorder_that_fails_stops_its_worker_and_the_job_runs_again(self, start_worker, monkeypatch):
        def fail(self, batch):
            monkeypatch.undo()
            raise RuntimeError("a fault that nobody foresaw")

        monkeypatch.setattr(recorder.Recorder, "_write_persistently", fail)
        record = jobs.echo.enqueue(1)
        start_worker()
        assert record.wait(LONG).status == JobStatus.COMPLETED
        assert record.rescues == 1

    def test_totals_are_written_again_only_when_they_have_changed(self, django_assert_num_queries):
        tally = Tally("default", WorkerFactory().pk)
        jobs.echo.enqueue(1)
        [claim] = get_store("default").claim(WorkerFactory().pk, "default", 1)
        done = Written([(completed(Running(claim, Mock()), 1), JobStatus.COMPLETED)])
        for number in (1, 2):
            tally.count(done)
            tally.write()
            assert sum(Stat.objects.values_list("completed", flat=True)) == number
            with django_assert_num_queries(0):
                tally.write()

    def test_what_was_said_so_far_is_written_though_more_is_said_all_the_time(self, monkeypatch):
        busy = recorder.Recorder("default", Mock(), Tally("default", WorkerFactory().pk))
        jobs.echo.enqueue(1)
        [claim] = get_store("default").claim(WorkerFactory().pk, "default", 1)

        def talk_on(alias, batch):
            busy.progressed(Running(claim, busy), 1, 2, "")
            return Written()

        monkeypatch.setattr(recorder, "write_retrying", talk_on)
        busy.start()
        busy.progressed(Running(claim, busy), 1, 2, "")
        assert busy.flush(LONG)
        busy.stop(0.1)

    def test_an_outage_loses_nothing_that_was_said(self, make_handler, start_worker, monkeypatch, caplog):
        """However long it lasts: what the database does not take is kept, and no job fails for it."""
        monkeypatch.setattr(recorder, "PATIENCE", 2)
        outages = write_after(monkeypatch, *(OperationalError("the server is away") for _ in range(13)))
        monkeypatch.setattr(recorder.Recorder, "_answers", lambda self, part: not outages)

        def work(number):
            logger.warning("line of %d", number)
            current_job.emit("event", number)

        records = make_handler(work).enqueue_many([[number] for number in range(5)])
        start_worker(concurrency=5)
        assert [record.wait(LONG).status for record in records] == [JobStatus.COMPLETED] * 5
        assert [messages(record) for record in records] == [[f"line of {number}"] for number in range(5)]
        assert JobEvent.objects.count() == 5
        assert not outages
        assert "was refused" not in caplog.text, "an outage is told of once, and not as a refusal each time"

    @pytest.mark.only_on("mysql")
    def test_a_result_larger_than_a_packet_fails_its_job_only(self, make_handler, set_jobs, start_worker):
        set_jobs(MAX_PAYLOAD=100_000_000)
        record = make_handler(lambda: "x" * 20_000_000).enqueue()
        start_worker()
        assert record.wait(LONG).status == JobStatus.FAILED
        assert "The outcome could not be stored" in record.error
        assert jobs.echo.enqueue(2).wait(LONG).status == JobStatus.COMPLETED

    @pytest.mark.only_on("postgresql", "mysql")
    def test_connections_cut_in_the_middle_cost_no_job(self, make_handler, start_worker, capsys):
        make_handler(lambda: jobs.spin(0.005)).enqueue_many([[]] * 300)
        start_worker(concurrency=4)
        for share in (20, 80, 150, 220):
            wait_until(lambda: Job.objects.finished().count() >= share)  # noqa: B023
            cut_connections()
        wait_until(lambda: Job.objects.finished().count() == 300, 40)
        assert Job.objects.completed().count() == 300
