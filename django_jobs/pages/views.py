"""The view that pages ask again and again, with two ways to answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ..access import visible
from ..models import Job
from ..showing import UNREAD, facts_of, fragment_of


def as_json(job: Job) -> HttpResponse:
    """Tell how a job stands as JSON, with its fragment as `html`."""
    left = job.remaining
    seconds = None if left is None else round(left.total_seconds())
    return JsonResponse({**facts_of(job), "remaining": seconds, "html": fragment_of(job)})


def as_fragment(job: Job) -> HttpResponse:
    """Tell how a job stands as a fragment of HTML."""
    return HttpResponse(fragment_of(job))


@login_not_required
@require_safe
def job_view(request: HttpRequest, pk: UUID, answer: Callable[[Job], HttpResponse]) -> HttpResponse:
    """Answer how a job stands; 304 when it stands as it did, 404 when the request may not see it."""
    job = visible(request, Job.objects.defer(*UNREAD)).filter(pk=pk).first()
    if job is None:
        raise Http404("There is no such job, or you may not see it.")
    told = json.dumps([get_language(), facts_of(job)], cls=DjangoJSONEncoder)
    etag = f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
    response: HttpResponse = get_conditional_response(request, etag=etag) or answer(job)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response
