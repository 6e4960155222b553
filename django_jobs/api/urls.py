"""The API under its default rules, to include: `path("jobs-api/", include("django_jobs.api.urls"))`."""

from django.urls import path

from .building import build_api

urlpatterns = [path("", build_api().urls)]
