"""System checks: what is wrong with this site's jobs, said before a job has to find out.

    E001  JOBS is not a dict
    E002  JOBS has an unknown key
    E003  a value in JOBS cannot be used
    E004  jobs cannot be kept on a database of this kind
    E005  the database server is older than what jobs need (only with `check --database`, and in `migrate`)
    E006  mails go through jobs, but no worker could know their handler
    E007  mails that jobs send would become jobs again, or have no mailer
    W001  an environment variable looks like ours, and is none
    W002  SQLite without write-ahead log
    W003  SQLite with transactions that do not begin IMMEDIATE
    W004  another app's `runjobs` command hides ours
    W005  SQLite in memory, which no other process sees
    W006  MySQL or MariaDB at another isolation level than READ COMMITTED
    W007  PostgreSQL with a pool of fewer connections than a worker needs
    I001  jobs in another database than "default": no transaction holds both

Each may be silenced by `SILENCED_SYSTEM_CHECKS = ["django_jobs.W001"]`; `check --tag django_jobs` runs only these.
"""

from django.core.checks import Tags, register

from .commands import check_commands
from .configuration import check_environment, check_settings
from .databases import check_database_options, check_server_versions
from .mail import check_mail

TAG = "django_jobs"

for check in (check_settings, check_environment, check_database_options, check_commands, check_mail):
    register(check, TAG)
register(check_server_versions, Tags.database, TAG)
