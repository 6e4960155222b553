"""What a type checker says of those who enqueue: mypy itself, on code as users write it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="mypy is not installed")

ROOT = Path(__file__).parent.parent.parent

# Each wrong line says which error it must give; all others must give none.
CODE = """
from collections.abc import Sequence
from datetime import timedelta
from typing import assert_type
from uuid import UUID

from django_jobs import current_job, enqueue, fixed, job
from django_jobs.models import Job


@job
def bare(shop_id: int, fmt: str = "csv") -> dict[str, int]:
    current_job.log.info("exporting")
    return {"rows": shop_id}


@job(queue_name="reports", priority="high", max_attempts=5, timeout=300, backoff=fixed(5))
def with_options(shop_id: int, *, fmt: str = "csv") -> int:
    return shop_id


@job("shop.named", retry_on=(OSError,), executor="thread")
def named(shop_id: int) -> int:
    return shop_id


@job(name="shop.other", timeout=timedelta(minutes=5))
async def other(shop_id: int) -> int:
    return shop_id


@bare.on_error
def alert(record: Job, exception: BaseException) -> None:
    print(record.pk, exception)


# right
assert_type(bare(7), dict[str, int])
assert_type(bare.enqueue(7), Job)
assert_type(bare.enqueue(shop_id=7, fmt="pdf"), Job)
assert_type(bare.using(delay=60, priority="low").enqueue(7, fmt="pdf"), Job)
assert_type(bare.using(timeout=timedelta(hours=1)).enqueue(7), Job)
assert_type(with_options.enqueue(7, fmt="pdf"), Job)
assert_type(named.using(delay="5m", owner=object()).enqueue(7), Job)
many: Sequence[Job] = bare.enqueue_many({"shop_id": n} for n in range(3))
assert_type(bare.enqueue_many([(1,), (2, "pdf")])[0], Job)
assert_type(bare.enqueue_many([(1,), (2, "pdf")]).ids, list[UUID])
assert_type(enqueue("shop.bare", {"shop_id": 7}, priority="low"), Job)
record = bare.enqueue(7)
assert_type(record.cancel(), bool)
assert_type(record.retry(), bool)
assert_type(record.wait(timeout=5), Job)
assert_type(Job.objects.failed().named("shop.bare").retry(), int)


async def asynchronously() -> None:
    assert_type(await other(7), int)
    assert_type(await bare.aenqueue(7), Job)
    assert_type(await bare.using(delay=5).aenqueue(7, "pdf"), Job)


# wrong
bare.enqueue()  # error: call-arg
bare.enqueue("seven")  # error: arg-type
bare.enqueue(7, format="pdf")  # error: call-arg
bare.enqueue(7, "pdf", 1)  # error: call-arg
bare.using(delay=60).enqueue("seven")  # error: arg-type
bare.using(delay=60).enqueue(7, format="pdf")  # error: call-arg
bare.using(dalay=60)  # error: call-arg
bare.using(delay=[])  # error: arg-type
bare.using(run_after="2026-12-01")  # error: arg-type
bare.enqueue_many(7)  # error: arg-type
with_options.enqueue(7, "pdf")  # error: call-arg
named.enqueue(shop_id=None)  # error: arg-type
named("seven")  # error: arg-type


async def wrongly() -> None:
    await bare.aenqueue("seven")  # error: arg-type
    await bare.using(delay=5).aenqueue()  # error: call-arg


@job(queue="reports")  # error: call-overload
def misspelt() -> None: ...


@job(timeout=None, max_attempts="many")  # error: call-overload
def mistaken() -> None: ...
"""


@pytest.mark.timeout(300)
def test_wrong_arguments_fail_the_type_check_and_right_ones_pass(tmp_path):
    code = tmp_path / "enqueueing.py"
    code.write_text(CODE, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    child = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--no-pretty", str(code)],
        cwd=ROOT, env=environment | {"MYPYPATH": str(ROOT)}, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    said = {
        (int(found[1]), found[2])
        for found in re.finditer(r"^.*enqueueing\.py:(\d+):.* error: .*\[([\w-]+)\]$", child.stdout, re.MULTILINE)
    }
    told = {(line, code) for line, code in said if code != "untyped-decorator"}  # which follows from a wrong @job
    assert told == expected(), child.stdout + child.stderr


def expected() -> set[tuple[int, str]]:
    lines = enumerate(CODE.splitlines(), 1)
    return {(number, found[1]) for number, line in lines if (found := re.search(r"# error: ([\w-]+)$", line))}
