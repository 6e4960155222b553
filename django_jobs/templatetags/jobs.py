"""`{% load jobs %}`: how a job stands, on a page of your own."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.template import Context
from django.urls import NoReverseMatch, reverse

from ..models import Job
from ..showing import fragment_of

register = template.Library()

LOADED = "django_jobs.loaded"


@register.inclusion_tag("django_jobs/job_status.html", takes_context=True)
def job_status(context: Context, job: Job, *, interval: float = 2, assets: bool = True) -> dict[str, Any]:
    """Show a job's state, progress, result or error, and follow it until it has finished.

    The page asks every `interval` seconds. The first such tag of a template brings style sheet and script; with
    `assets=False` the page loads them itself.
    """
    first = not context.render_context.get(LOADED)
    context.render_context[LOADED] = True
    return {
        "job": job,
        "state": fragment_of(job),
        "src": _address(job),
        "interval": f"{interval:g}",
        "assets": assets and first,
        "nonce": context.get("csp_nonce") or getattr(context.get("request"), "csp_nonce", ""),
    }


def _address(job: Job) -> str:
    try:
        return reverse("django_jobs:state", args=[job.pk])
    except NoReverseMatch as error:
        text = '{% job_status %} needs path("jobs/", include("django_jobs.pages.urls")) among your URLs.'
        raise ImproperlyConfigured(text) from error
