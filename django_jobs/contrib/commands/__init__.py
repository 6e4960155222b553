"""Management commands as jobs: the handler `management-command`.

Add `django_jobs.contrib.commands` to `INSTALLED_APPS`, and the commands that may run to a setting:

    JOBS_COMMANDS = ["clearsessions", "dumpdata"]

    django_jobs.enqueue("management-command", {"name": "dumpdata", "args": ["shop"], "options": {"indent": 2}})

What the command prints becomes log lines of the job, and the last hundred lines its result. Who may enqueue may
choose the arguments: allow a command only if all of them are safe.
"""
