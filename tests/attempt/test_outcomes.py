"""What an attempt's end means for its job: a pure function, tested as a table."""

import threading
from datetime import timedelta

import pytest

from django_jobs import Fail, Retry, Snooze, current_job
from django_jobs.attempt import run_attempt
from django_jobs.attempt.outcomes import MAX_ERROR, ended
from django_jobs.exceptions import (
    CancelInterruption,
    Interruption,
    InvalidArguments,
    JobTimeout,
    ShutdownInterruption,
    TimeoutInterruption,
)
from django_jobs.states import Outcome
from tests.attempt.attempts import attempt, running_of

COMPLETED, RETRY, SNOOZE = Outcome.COMPLETED, Outcome.RETRY, Outcome.SNOOZE
FAILED, CANCELLED, RELEASED = Outcome.FAILED, Outcome.CANCELLED, Outcome.RELEASED

INTERRUPTIONS = [TimeoutInterruption("late"), CancelInterruption(""), ShutdownInterruption("")]


class CustomError(Exception):
    """An error of the project's own."""


class UnprintableError(Exception):
    """An error whose text cannot be made."""

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


# what is raised, the outcome on the first attempt and on the last, the error, whether the attempt is given back
TABLE = [
    (ValueError("broken"), RETRY, FAILED, "ValueError: broken", False),
    (ValueError(), RETRY, FAILED, "ValueError", False),
    (CustomError("ours"), RETRY, FAILED, "CustomError: ours", False),
    (Retry("not yet"), RETRY, FAILED, "not yet", False),
    (Retry(), RETRY, FAILED, "The handler asked for a retry.", False),
    (Fail("no use"), FAILED, FAILED, "no use", False),
    (Fail(), FAILED, FAILED, "The handler failed the job.", False),
    (Snooze(60), SNOOZE, SNOOZE, "The handler put the job off.", True),
    (Snooze(60, "night"), SNOOZE, SNOOZE, "night", True),
    (InvalidArguments("bad row"), FAILED, FAILED, "InvalidArguments: bad row", False),
    (MemoryError(), RETRY, FAILED, "MemoryError", False),
    (RecursionError("deep"), RETRY, FAILED, "RecursionError: deep", False),
    (SystemExit(3), FAILED, FAILED, "SystemExit: 3", False),
    (KeyboardInterrupt(), FAILED, FAILED, "KeyboardInterrupt", False),
    (GeneratorExit(), FAILED, FAILED, "GeneratorExit", False),
    (UnprintableError(), RETRY, FAILED, "UnprintableError: (its text could not be made)", False),
    (TimeoutInterruption("too long"), RETRY, FAILED, "too long", False),
    (CancelInterruption("enough"), CANCELLED, CANCELLED, "Cancelled: enough", False),
    (CancelInterruption(""), CANCELLED, CANCELLED, "Cancelled while it ran.", False),
    (ShutdownInterruption("stop"), RELEASED, RELEASED, "", True),
]


def raising(error):
    def handler():
        raise error

    return handler


NAMES = [f"{type(error).__name__}-{text}" for error, _, _, text, _ in TABLE]


@pytest.mark.parametrize(("error", "first", "last", "text", "refunds"), TABLE, ids=NAMES)
def test_what_a_handler_raises_decides_the_outcome(make_handler, error, first, last, text, refunds):
    handler = make_handler(raising(error))
    for number, expected in ((1, first), (2, first), (3, last)):
        report = attempt(handler, attempts=number).report
        assert (report.outcome, report.error, report.refunds) == (expected, text, refunds)


@pytest.mark.parametrize("interruption", INTERRUPTIONS)
def test_an_interruption_decides_whatever_the_handler_makes_of_it(make_handler, interruption):
    running = running_of(make_handler(raising(CustomError("on the way out"))))
    plain = ended(running, interruption).report
    running.stretch.interruption = interruption
    assert ended(running, CustomError("on the way out")).report == plain
    assert ended(running, Snooze(5)).report == plain


@pytest.mark.parametrize("interruption", [TimeoutInterruption("late"), CancelInterruption("")])
def test_a_handler_that_returns_in_spite_of_an_interruption_has_not_completed(make_handler, interruption):
    def swallow():
        try:
            threading.Thread(target=running.interrupt, args=(interruption,)).start()
            while True:
                pass
        except Interruption:
            return "done"

    running = running_of(make_handler(swallow))
    assert run_attempt(running).report.outcome is not COMPLETED


def test_a_timeout_reaches_callbacks_as_an_exception_that_says_so(make_handler):
    ending = attempt(make_handler(raising(TimeoutInterruption("too long"))), attempts=3)
    assert isinstance(ending.exception, JobTimeout)
    assert str(ending.exception) == "too long"


@pytest.mark.parametrize(
    ("options", "error", "expected"),
    [
        ({"retry_on": (KeyError,)}, KeyError("x"), RETRY),
        ({"retry_on": (KeyError,)}, ValueError("x"), FAILED),
        ({"retry_on": LookupError}, KeyError("x"), RETRY),
        ({"fail_on": (ValueError,)}, ValueError("x"), FAILED),
        ({"fail_on": ValueError}, UnicodeError("x"), FAILED),
        ({"fail_on": (ValueError,)}, KeyError("x"), RETRY),
        ({"retry_on": ValueError, "fail_on": UnicodeError}, UnicodeError("x"), FAILED),
        ({"retry_on": ValueError, "fail_on": UnicodeError}, ValueError("x"), RETRY),
        ({"retry_on": (KeyError,)}, Retry("x"), RETRY),
        ({"retry_on": (SystemExit,)}, SystemExit(1), RETRY),
        ({"retry_on": ()}, ValueError("x"), FAILED),
        ({"fail_on": JobTimeout}, TimeoutInterruption("x"), FAILED),
    ],
)
def test_retry_on_and_fail_on_choose_what_is_tried_again(make_handler, options, error, expected):
    assert attempt(make_handler(raising(error), **options)).report.outcome is expected


@pytest.mark.parametrize(
    ("raised", "options", "delay"),
    [
        (Retry(delay=7), {}, timedelta(seconds=7)),
        (Retry(delay=timedelta(minutes=2)), {"backoff": lambda attempt: 9}, timedelta(minutes=2)),
        (Retry(delay=0), {"backoff": lambda attempt: 9}, timedelta()),
        (Retry(), {"backoff": lambda attempt: 9}, timedelta(seconds=9)),
        (ValueError(), {"backoff": lambda attempt: attempt * 10}, timedelta(seconds=20)),
        (ValueError(), {"backoff": lambda attempt: timedelta(hours=1)}, timedelta(hours=1)),
        (ValueError(), {}, timedelta(seconds=0.02)),
        (Snooze("5m"), {}, timedelta(minutes=5)),
    ],
)
def test_the_next_attempt_waits_as_long_as_it_was_told(make_handler, raised, options, delay):
    assert attempt(make_handler(raising(raised), **options), attempts=2).report.delay == delay


def give_none(attempt):
    return None


@pytest.mark.parametrize(
    "backoff", [lambda attempt: 1 / 0, give_none, lambda attempt: -1, lambda attempt: float("nan"), lambda: 5]
)
def test_a_backoff_that_fails_gives_way_to_the_default(make_handler, caplog, backoff):
    report = attempt(make_handler(raising(ValueError("x")), backoff=backoff)).report
    assert (report.outcome, report.delay) == (RETRY, timedelta(seconds=0.01))
    assert "the backoff of" in caplog.text


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (object(), "is of type object"),
        ({1, 2}, "pass a sorted list"),
        ({"deep": [1, {"deeper": b"x"}]}, "result['deep'][1].deeper is of type bytes"),
        (float("nan"), "is nan"),
        ({1: "x"}, "has the key 1"),
        ("a\x00b", "NUL"),
        ("\ud800", "surrogate"),
        ("x" * 1_000_001, "MAX_PAYLOAD"),
    ],
)
def test_a_result_that_cannot_be_stored_fails_the_job_at_once(make_handler, result, says):
    report = attempt(make_handler(lambda: result)).report
    assert report.outcome is FAILED
    assert says in report.error


class Hostile:
    """A result that answers no question."""

    def __getattr__(self, name):
        raise RuntimeError("hostile")

    def __repr__(self):
        raise RuntimeError("hostile")


def test_a_result_that_breaks_whoever_looks_at_it_fails_the_attempt_only(make_handler):
    def handler():
        return Hostile()

    assert attempt(make_handler(handler)).report.outcome in {FAILED, RETRY}


def test_a_result_is_reported_as_json(make_handler):
    report = attempt(make_handler(lambda: {"rows": (1, 2.5, None, "ä")})).report
    assert (report.outcome, report.result) == (COMPLETED, '{"rows":[1,2.5,null,"ä"]}')


def test_the_traceback_begins_in_the_handler(make_handler):
    shown = attempt(make_handler(raising(CustomError("here")))).traceback
    assert "in handler" in shown
    assert "CustomError: here" in shown
    assert "execution.py" not in shown


def test_the_traceback_tells_of_causes(make_handler):
    def handler():
        try:
            raise KeyError("first")
        except KeyError as error:
            raise CustomError("second") from error

    shown = attempt(make_handler(handler)).traceback
    assert "KeyError: 'first'" in shown
    assert "The above exception was the direct cause" in shown


@pytest.mark.parametrize("quiet", [Snooze(1), CancelInterruption(""), ShutdownInterruption("")])
def test_what_is_no_error_leaves_no_traceback(make_handler, quiet):
    assert attempt(make_handler(raising(quiet))).traceback == ""


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 50_000])
def test_an_error_is_storable_whatever_it_says(make_handler, text):
    ending = attempt(make_handler(raising(CustomError(text))))
    assert len(ending.report.error) <= MAX_ERROR
    for stored in (ending.report.error, ending.traceback):
        assert "\x00" not in stored
        stored.encode()


def test_an_exception_that_cannot_be_printed_is_still_traced(make_handler):
    assert "in handler" in attempt(make_handler(raising(UnprintableError()))).traceback


@pytest.mark.parametrize(
    ("args", "kwargs", "complaint"),
    [
        ([], {"old": 1}, "missing a required argument: 'new'"),
        ([], {"new": 1, "old": 2}, "got an unexpected keyword argument 'old'"),
        ([1, 2], {}, "too many positional arguments"),
    ],
)
def test_arguments_that_no_longer_fit_the_function_fail_the_job_at_once(make_handler, args, kwargs, complaint):
    handler = make_handler(lambda new: new)
    report = attempt(handler, args=args, kwargs=kwargs).report
    assert report.outcome is FAILED
    assert report.error == (
        f"InvalidArguments: {handler.name}(): {complaint}; the job was enqueued when the function took other arguments."
    )


@pytest.mark.parametrize("current", ["5", None, float("nan"), 10**400])
def test_progress_that_is_no_finite_number_is_refused_with_the_handlers_name(make_handler, current):
    handler = make_handler(lambda: current_job.progress(current))
    assert attempt(handler).report.error.startswith(
        f"InvalidArguments: {handler.name}: progress({current!r}, 100): use"
    )


def test_an_unknown_handler_fails_the_job_and_says_what_is_near():
    report = attempt("tests.ecko").report
    assert report.outcome is FAILED
    assert "'tests.ecko'" in report.error
    assert "Did you mean 'tests.echo'" in report.error


def test_an_unknown_handler_waits_where_the_settings_say_so(settings):
    settings.JOBS = {**settings.JOBS, "UNKNOWN_JOBS": "wait"}
    report = attempt("tests.gone").report
    assert (report.outcome, report.refunds) == (SNOOZE, True)
    assert report.delay > timedelta(seconds=1)
