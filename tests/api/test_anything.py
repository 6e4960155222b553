"""Whatever a request says, the answer is a sentence and never a crash."""

import json
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..factories import JobFactory

JOBS = "/jobs-api/jobs"
LOGS = f"{JOBS}/01a20251-0440-762f-88bf-be32afced82d/logs"

filters = st.sampled_from(
    ["status", "name", "queue_name", "priority", "owner", "argument", "created_after", "cursor", "limit", "level", "x"]
)
texts = st.one_of(
    st.text(),
    st.integers().map(str),
    st.floats().map(str),
    st.uuids().map(str),
    st.datetimes(timezones=st.timezones()).map(str),
    st.text().map(lambda text: f"value={text}"),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
fields = st.sampled_from(["priority", "delay", "run_after", "queue_name", "arguments", "metadata", "type", "reason"])

# what a test's database holds between examples is no matter here
anything = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@anything
@given(filters, texts)
def test_any_filter_is_answered(staff, name, text):
    for address in (JOBS, LOGS):
        assert staff.get(f"{address}?{name}={quoted(text)}").status_code in {200, 400, 404}


@anything
@given(values, st.dictionaries(fields, values))
def test_any_body_is_answered(staff, greet, value, others):
    body = json.dumps({"name": "tests.greet", "arguments": {"who": value}} | others)
    assert staff.generic("POST", JOBS, body, content_type="application/json").status_code in {201, 400, 422}


@anything
@given(st.text(min_size=1))
def test_any_id_is_answered(staff, text):
    assert staff.get(f"{JOBS}/{quoted(text)}").status_code == 404
    for rest in ("logs", "progress"):
        assert staff.get(f"{JOBS}/{quoted(text)}/{rest}").status_code == 404
    for verb in ("cancel", "retry"):
        assert staff.send(f"{JOBS}/{quoted(text)}/{verb}").status_code == 404


@anything
@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])))
def test_whatever_a_browser_says_it_saw_last_is_answered(staff, text):
    record = JobFactory(completed=True)
    assert staff.get(f"{JOBS}/{record.pk}/progress", headers={"Last-Event-ID": text}).status_code == 200
