"""Sensitive arguments: the handler gets them, and nobody else reads them."""

import logging

import pytest

from django_jobs import Fail, InvalidHandler, current_job
from django_jobs.attempt import run_attempt
from django_jobs.attempt.capture import install_capture
from django_jobs.handlers import masked
from django_jobs.masking import MASK, hide, restored
from django_jobs.models import Job
from django_jobs.states import Outcome
from django_jobs.store import Report
from django_jobs.testing import run_job
from tests.attempt.attempts import running_of
from tests.handling import start_worker
from tests.jobs import confide_apart
from tests.waiting import LONG, wait_until

__all__ = ["start_worker"]

TOKEN = "s3cret-'t\"oken\n\\é"
logger = logging.getLogger("tests.sensitive")


def pay(order_id: int, token: str, card: dict, fail: bool = False) -> str:
    logger.warning("paying %s with %s and %r", order_id, token, card, extra={"card": card, "odd": {token}})
    current_job.log.info("%r", token)
    current_job.progress(1, 2, message=f"sent {token}")
    current_job.emit("sent", {"with": token, token: [int(card["number"])]})
    if fail:
        raise ValueError(f"refused: {token!r} {card['number']}") from LookupError(token)
    return f"paid with {token}"


@pytest.fixture
def payment(make_handler):
    return make_handler(pay, sensitive=("token", "card.number"))


CARD = {"number": "4111111111111111", "brand": "visa"}


def is_clean(*texts):
    return not any(secret in str(text) for text in texts for secret in ("s3cret", 't\\"oken', "4111"))


@pytest.mark.django_db
def test_nothing_that_a_job_leaves_behind_holds_its_secrets(payment):
    job = run_job(payment.using(max_attempts=1).enqueue(7, TOKEN, CARD, fail=True))
    assert job.status == "failed"
    told = [job.error, job.progress_message, *job.logs.values_list("message", "extra"), *job.events.values_list("data")]
    told += job.history.values_list("error", "traceback")
    assert is_clean(repr(job), *told), told
    assert job.error == f"ValueError: refused: '{MASK}' {MASK}"
    assert job.logs.first().message.startswith(f"paying 7 with {MASK} and {{")
    assert f"'number': '{MASK}'" in job.logs.first().message
    assert MASK in job.history.get().traceback


@pytest.mark.django_db
def test_the_handler_gets_what_was_given_and_people_see_a_mask(payment):
    job = run_job(payment.enqueue(7, TOKEN, CARD))
    assert (job.status, job.result) == ("completed", f"paid with {TOKEN}")
    assert job.kwargs["token"] == TOKEN
    assert masked(job)[1] == {"order_id": 7, "token": MASK, "card": {"number": MASK, "brand": "visa"}}
    assert masked(Job(name="unknown.handler", kwargs={"token": TOKEN})) == ([], {"token": TOKEN})


def test_a_claim_does_not_show_arguments(payment):
    running = running_of(payment, kwargs={"token": TOKEN})
    assert is_clean(repr(running.claim))


def test_arguments_by_position_and_beyond_are_masked(make_handler):
    handler = make_handler(lambda a, /, *rest, **more: None, sensitive=["a", "rest", "key"])
    assert handler.sensitive.masked(["x", 2, 3], {"key": 1, "other": 2}) == ([MASK] * 3, {"key": MASK, "other": 2})


def test_dicts_in_lists_are_reached(make_handler):
    handler = make_handler(lambda cards: None, sensitive=["cards.number"])
    assert handler.sensitive.masked([], {"cards": [CARD, 5]})[1] == {"cards": [{"number": MASK, "brand": "visa"}, 5]}
    assert handler.sensitive.secrets([], {"cards": [CARD, 5]}) == [CARD["number"]]


def test_short_texts_are_left_in_what_a_handler_says(make_handler):
    handler = make_handler(lambda pin: None, sensitive=["pin"])
    assert handler.sensitive.secrets([], {"pin": "123"}) == []
    assert handler.sensitive.secrets([], {"pin": {"a": ["abcd", 12345, None, True]}}) == ["12345", "abcd"]


@pytest.mark.parametrize("names", ["token", ["tokn"], ["more"], [7]])
def test_a_name_that_no_argument_has_is_refused(make_handler, names):
    def handler(token: str) -> None: ...

    def greedy(token: str, **more: str) -> None: ...

    with pytest.raises(InvalidHandler, match="sensitive="):
        make_handler(greedy if names == ["more"] else handler, sensitive=names)


def test_a_handler_without_sensitive_arguments_pays_nothing(make_handler):
    running = running_of(make_handler(lambda text: None), kwargs={"text": TOKEN})
    assert running.hide(TOKEN) is TOKEN
    assert "_secrets" not in vars(running)


def test_an_error_after_completion_is_logged_without_secrets(make_handler, caplog):
    def handler(token: str) -> None:
        raise Fail(token)

    running = running_of(make_handler(handler, sensitive=["token"]), kwargs={"token": "abcdefgh"})
    running.completion = Report(running.claim.id, 1, Outcome.COMPLETED, "null")
    install_capture()
    run_attempt(running)
    assert "raised after" in caplog.text
    assert "abcdefgh" not in caplog.text


def test_masks_of_an_edited_value_are_undone_where_nothing_was_changed():
    original = {"token": "abc", "cards": [{"n": "1"}, {"n": "2"}], "on": True, "gone": 1}
    shown = {"token": MASK, "cards": [{"n": MASK}, {"n": MASK}], "on": True, "gone": 1}
    assert restored(shown, shown, original) == original
    assert restored({**shown, "on": 1}, shown, original) == {**original, "on": 1}
    assert restored({"token": "new"}, shown, original) == {"token": "new"}
    assert restored({"cards": [{"n": MASK}]}, shown, original) == {"cards": [{"n": MASK}]}


def test_hiding_reaches_into_json():
    assert hide({"abcd": ["xabcdx", 1234, 5, None]}, ["abcd", "1234"]) == {MASK: [f"x{MASK}x", MASK, 5, None]}


@pytest.mark.django_db(transaction=True)
def test_secrets_are_kept_by_a_process_of_its_own_too(start_worker):
    job = confide_apart.enqueue("abcd-efgh")
    start_worker()
    job = job.wait(LONG)
    wait_until(job.logs.exists)
    told = [job.error, job.progress_message, *job.logs.values_list("message", "extra")]
    told += job.history.values_list("error", "traceback")
    assert job.error == f"ValueError: {MASK}"
    assert "abcd-efgh" not in str(told)
    assert str(told).count(MASK) == 6
