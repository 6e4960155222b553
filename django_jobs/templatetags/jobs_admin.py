"""What a page of the admin needs that no `ModelAdmin` of ours makes."""

from __future__ import annotations

from typing import Any

from django import template
from django.apps import apps
from django.contrib.admin.sites import all_sites
from django.template import RequestContext

register = template.Library()


@register.simple_tag(takes_context=True)
def jobs_overview(context: RequestContext) -> Any:
    """Return the overview of the admin site that shows this page, None where this user may not see it."""
    request, queues = context.request, apps.get_model("django_jobs", "Queue")
    sites = (site for site in all_sites if site.name == request.current_app and site.is_registered(queues))
    look = next((getattr(site.get_model_admin(queues), "overview", None) for site in sites), None)
    return look(request) if look else None
