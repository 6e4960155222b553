"""The requests of a busy site: each writes a row of its own and enqueues jobs, in one transaction."""

import django
from django.core.management import call_command
from django.db import transaction

REQUESTS = 150
WORKERS = 4


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    print("ready", flush=True)
    input()
    serve()


def serve() -> None:
    from django.contrib.auth.models import Group

    from django_jobs.models import Job, Worker
    from tests.jobs import add, talk
    from tests.waiting import wait_until

    wait_until(lambda: Worker.objects.count() == WORKERS, 60)
    for number in range(REQUESTS):
        with transaction.atomic():
            Group.objects.create(name=f"group {number}")
            talk.enqueue(1)
            add.enqueue(number)
    wait_until(lambda: not Job.objects.unfinished().exists(), 60)
    print(Job.objects.completed().count(), flush=True)


if __name__ == "__main__":
    main()
