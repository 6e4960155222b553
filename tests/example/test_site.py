"""The site around the shop: settings, secret key, log lines, admin, commands."""

import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.urls import reverse

from django_jobs.models import Job
from example_project.logs import JsonFormatter
from example_project.secret import read_or_make_secret_key
from example_project.shop import devsite, jobs
from example_project.shop.demo.display import Lines
from example_project.shop.demo.story import Part

from .factories import OrderFactory, ProductFactory

ROOT = Path(__file__).parents[2]


EXAMPLE = {**os.environ, "DJANGO_SETTINGS_MODULE": "example_project.settings"}


def own_files(directory):
    return {"SHOP_VAR": str(directory), "DATABASE_URL": f"sqlite:///{directory}/shop.sqlite3"}


def manage(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**EXAMPLE, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_secret_key_is_made_once_and_kept_private(tmp_path):
    path = tmp_path / "secret_key"

    first = read_or_make_secret_key(path)

    assert len(first) >= 50
    assert read_or_make_secret_key(path) == first
    assert path.stat().st_mode & 0o777 == 0o600


def test_processes_that_start_together_agree_on_the_secret_key(tmp_path):
    path = tmp_path / "secret_key"
    keys, gate = [], threading.Barrier(2)

    def ask():
        gate.wait()
        keys.append(read_or_make_secret_key(path))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_json_log_line_carries_the_extra_fields_and_the_traceback():
    try:
        raise KeyError("x")
    except KeyError:
        record = logging.getLogger("shop").makeRecord(
            "shop", logging.ERROR, "f", 1, "sold %d", (3,), sys.exc_info(), extra={"job_id": "7"}
        )

    line = json.loads(JsonFormatter().format(record))

    assert (line["level"], line["message"], line["job_id"]) == ("ERROR", "sold 3", "7")
    assert "KeyError" in line["traceback"]


def test_the_example_passes_the_deployment_checks(tmp_path):
    checked = manage(
        "check",
        "--deploy",
        "--fail-level",
        "INFO",
        DEBUG="off",
        ALLOWED_HOSTS="shop.example",
        SHOP_VAR=str(tmp_path),
        DATABASE_URL=f"sqlite:///{tmp_path}/shop.sqlite3",
    )

    assert checked.returncode == 0, checked.stderr


@pytest.mark.django_db
def test_the_admin_gets_a_new_password_at_every_start():
    first = devsite.renew_admin()
    second = devsite.renew_admin()

    assert first != second
    assert authenticate(username="admin", password=first) is None
    user = authenticate(username="admin", password=second)
    assert user is not None
    assert user.is_superuser


def test_a_free_port_is_one_that_nobody_listens_on():
    port = devsite.free_port()

    assert port in devsite.PORTS


@pytest.mark.django_db
def test_unpaid_orders_can_be_processed_from_the_admin(admin_client):
    unpaid, paid = OrderFactory(), OrderFactory(confirmed=True)

    admin_client.post(
        reverse("admin:shop_order_changelist"),
        {"action": "process", "_selected_action": [unpaid.pk, paid.pk]},
    )

    assert Job.objects.get().kwargs == {"order_id": unpaid.pk}


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["product", "order", "customer", "importreport", "report", "picture", "review"])
def test_the_shop_has_its_pages_in_the_admin(admin_client, model):
    ProductFactory()

    assert admin_client.get(reverse(f"admin:shop_{model}_changelist")).status_code == 200
    assert admin_client.get(reverse(f"admin:shop_{model}_add")).status_code == 200


@pytest.mark.django_db
def test_plain_lines_tell_each_change_once():
    record = jobs.take_stock.enqueue()
    stream = io.StringIO()
    part = Part(record, "take stock")

    with Lines(stream) as lines:
        lines.show([part])
        lines.show([part])
        record.status = "running"
        lines.show([part])

    assert [line.split() for line in stream.getvalue().splitlines()] == [
        ["pending", "take", "stock"],
        ["running", "take", "stock"],
    ]


@pytest.mark.timeout(240)
def test_the_demo_ends_well_also_the_second_time(tmp_path):
    for _ in range(2):
        ran = manage("demo", "--limit", "100", **own_files(tmp_path))

        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "Everything ended as it should" in ran.stdout
        assert "4,888 rows were imported, 39 were bad." in ran.stdout


def test_the_demo_keeps_out_of_a_shop_in_earnest(tmp_path):
    ran = manage("demo", DEBUG="off", **own_files(tmp_path))

    assert ran.returncode == 1
    assert "DEBUG" in ran.stderr


@pytest.mark.timeout(120)
def test_site_and_worker_run_together_until_told_to_stop(tmp_path):
    port = unused_port()
    command = [sys.executable, "manage.py", "devsite", "--port", port]
    environment = {**EXAMPLE, **own_files(tmp_path), "PYTHONUNBUFFERED": "1"}

    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as site:
        assert site.stdout is not None
        try:
            heard = read_until(site.stdout, "development server at", "django_jobs.worker")
        finally:
            site.send_signal(signal.SIGINT)
        heard += site.stdout.read()

    assert site.returncode == 0, heard
    assert f"http://127.0.0.1:{port}/admin/    user admin, password " in heard
    assert "stopped: it was asked to stop" in heard


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def read_until(stream, *words):
    """Read lines until all the words have been heard, or the stream ends."""
    heard, missing = "", set(words)
    for line in stream:
        heard += line
        missing -= {word for word in missing if word in line}
        if not missing:
            break
    return heard
