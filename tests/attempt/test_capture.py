"""What becomes of a project's log records once job logs are captured."""

import logging
from contextlib import contextmanager

from django_jobs.attempt import run_attempt
from django_jobs.attempt.capture import install_capture, missed_below
from tests.attempt.attempts import Notebook, running_of

logger = logging.getLogger("books.shelf")


@contextmanager
def unconfigured(*handlers):
    """Take the root logger's handlers away, pytest's own too, as Django's default `LOGGING` leaves it."""
    kept, before = list(logging.root.handlers), logging.root.level
    logging.root.handlers[:] = handlers
    logging.root.setLevel(logging.WARNING)
    try:
        install_capture()
        yield logging.root
    finally:
        logging.root.handlers[:] = kept
        logging.root.setLevel(before)


def test_what_no_handler_hears_is_still_printed_from_warning_on(capsys):
    with unconfigured():
        logger.error("no paper")
        logger.warning("little paper")
        logger.info("enough paper")
    assert capsys.readouterr().err == "no paper\nlittle paper\n"


def test_what_another_handler_hears_is_not_printed_twice(capsys, monkeypatch):
    monkeypatch.setattr(logging.getLogger("books"), "handlers", [logging.NullHandler()])
    with unconfigured():
        logger.error("no paper")
    assert capsys.readouterr().err == ""


def test_a_record_of_a_logger_that_nobody_made_is_printed_too(capsys):
    with unconfigured() as root:
        root.handle(logging.makeLogRecord({"name": "books.unmade", "levelno": logging.ERROR, "msg": "no paper"}))
    assert capsys.readouterr().err == "no paper\n"


def stored(handler):
    running = running_of(handler)
    running.sink = notebook = Notebook()
    run_attempt(running)
    return [line["message"] for line in notebook.lines]


def test_info_is_stored_where_the_project_configured_no_root_logger(make_handler):
    handler = make_handler(lambda: logger.info("enough paper"))
    with unconfigured():
        assert missed_below() == ""
        assert stored(handler) == ["enough paper"]


def test_a_root_logger_that_the_project_configured_is_left_alone(make_handler):
    handler = make_handler(lambda: logger.info("enough paper"))
    with unconfigured(logging.NullHandler()):
        assert stored(handler) == []
        assert missed_below() == "WARNING"
