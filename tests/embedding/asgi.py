"""An asgi.py as a project writes it: the imports first."""

from django.core.asgi import get_asgi_application

from django_jobs.contrib.embedding import with_worker

application = with_worker(get_asgi_application(), concurrency=2)
