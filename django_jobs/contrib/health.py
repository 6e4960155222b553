"""A page for load balancers and monitors.

    path("health/jobs/", HealthView.as_view(token=env.str("HEALTH_TOKEN", "")))

It answers 200, or 503 when the jobs are unhealthy. Everybody learns that one word; the details are for staff who may
view jobs, and for who sends the header `Authorization: Bearer <token>`.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from ..monitoring import MAX_LATENCY, UNHEALTHY, health


@method_decorator([login_not_required, never_cache], name="dispatch")
class HealthView(View):
    """Tell as JSON how the jobs are doing."""

    token: str = ""
    """Who sends this sees the details; empty for staff only."""
    max_latency: float | timedelta | str = MAX_LATENCY
    min_workers: int = 1

    def get(self, request: HttpRequest) -> JsonResponse:
        """Answer 200, or 503 when the jobs are unhealthy or the database does not answer."""
        try:
            found = health(max_latency=self.max_latency, min_workers=self.min_workers).as_dict()
            shown = found if self.may_see_details(request) else {"status": found["status"]}
        except DatabaseError:
            # who asks cannot be known either: sessions stand in a database too
            shown = {"status": UNHEALTHY}
        return JsonResponse(shown, status=503 if shown["status"] == UNHEALTHY else 200)

    def may_see_details(self, request: HttpRequest) -> bool:
        """Tell whether this request may learn more than the word."""
        given = request.headers.get("Authorization", "")
        if self.token and constant_time_compare(given, f"Bearer {self.token}"):
            return True
        user = getattr(request, "user", None)
        return user is not None and user.is_staff and user.has_perm("django_jobs.view_job")
