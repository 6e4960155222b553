"""Enqueue, run and retry jobs that stand in another database than all else, and tell what came of it."""

import json

import django
from django.core.management import call_command
from django.db import connections, transaction


def main() -> None:
    django.setup()
    for alias in ("default", "jobs"):
        call_command("migrate", database=alias, verbosity=0, skip_checks=True)
    print(json.dumps(tell()))


def tell() -> dict[str, object]:
    from django_jobs import Worker
    from django_jobs.models import Job, JobLog
    from tests.jobs import echo, enqueue_another, talk

    talk.enqueue(2)
    enqueue_another.enqueue(1)
    with transaction.atomic(using="jobs"):
        echo.enqueue("rolled back")
        transaction.set_rollback(True, using="jobs")
    Worker(drain=True).run()
    first = Job.objects.named("tests.talk").get()
    is_retried = first.retry()
    Worker(drain=True).run()
    return {
        "statuses": sorted(Job.objects.values_list("name", "status")),
        "is_retried": is_retried,
        "lines": JobLog.objects.count(),
        "elsewhere": Job.objects.using("default").count(),
        "open": sorted(connection.alias for connection in connections.all() if connection.in_atomic_block),
    }


if __name__ == "__main__":
    main()
