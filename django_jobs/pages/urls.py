"""The addresses that pages ask, to include: `path("jobs/", include("django_jobs.pages.urls"))`."""

from django.urls import path

from .views import as_fragment, as_json, job_view

app_name = "django_jobs"

urlpatterns = [
    path("<uuid:pk>.json", job_view, {"answer": as_json}, name="state"),
    path("<uuid:pk>/", job_view, {"answer": as_fragment}, name="fragment"),
]
