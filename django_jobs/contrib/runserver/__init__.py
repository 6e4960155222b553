"""A worker inside `manage.py runserver`, for development.

    INSTALLED_APPS = [..., "django_jobs.contrib.runserver"]

The place in the list does not matter, and no other command starts a worker. For options call
`django_jobs.contrib.embedding.start_with_runserver(...)` from `ready()` of an app of your own instead.
"""
