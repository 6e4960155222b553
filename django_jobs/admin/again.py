"""Running a job again as a copy, with its arguments or with others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form, JSONField, Textarea
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from .. import asking
from ..exceptions import JobsError
from ..handlers import find_handler, masked, without_secrets
from ..masking import MASK, restored
from ..models import Job
from ..texts import plain
from . import marks
from .bulk import reason_of
from .steering import SteeringMixin
from .verbs import VERBS, copied


class PrettyField(JSONField):
    """JSON of one type, as people read it."""

    widget = Textarea(attrs={"rows": 12, "cols": 80, "spellcheck": "false", "class": "vLargeTextField jobs-json"})

    def prepare_value(self, value: Any) -> Any:
        """Return the text to edit."""
        return value if isinstance(value, InvalidJSONInput) else marks.pretty(value)

    def clean(self, value: Any) -> Any:
        """Return the value, an empty one for no text."""
        kind = type(self.initial)
        found = super().clean(value)
        if found is not None and not isinstance(found, kind):
            raise ValidationError(_("Write a JSON list.") if kind is list else _("Write a JSON object."))
        return kind() if found is None else found


class ArgumentsForm(Form):
    """The arguments of a job's copy; a masked one is kept where it is not touched."""

    args = PrettyField(label=_("Positional arguments"), initial=[], required=False)
    kwargs = PrettyField(label=_("Arguments"), initial={}, required=False)

    def __init__(self, record: Job, data: Any = None) -> None:
        self.record = record
        self.shown = dict(zip(("args", "kwargs"), masked(record), strict=True))
        super().__init__(data, initial=self.shown)
        if not record.args:
            del self.fields["args"]

    def clean(self) -> dict[str, Any]:
        """Put back what is masked, and refuse a mask that stands for nothing."""
        values = {
            name: restored(value, self.shown[name], getattr(self.record, name))
            for name, value in self.cleaned_data.items()
        }
        if any(
            MASK in marks.pretty(value) != marks.pretty(getattr(self.record, name)) for name, value in values.items()
        ):
            raise ValidationError(_("A masked value can only be kept where it stood: write it anew, or take it away."))
        return values

    def enqueue(self) -> Job | None:
        """Enqueue the copy; None when it is refused as by `enqueue`, and the form shows why."""
        values = {"args": [], **self.cleaned_data}
        if marks.pretty(values) == marks.pretty({"args": self.record.args, "kwargs": self.record.kwargs}):
            return asking.copy(self.record)
        try:
            return asking.copy(self.record, **values)
        except (JobsError, TypeError) as error:
            self.add_error(None, without_secrets(self.record, str(error)))
            return None


class AgainMixin(SteeringMixin):
    """The page that runs a job again as a copy."""

    def again_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show a finished job's arguments to be edited, and enqueue a copy with them."""
        job = self.visible(request, pk)
        if not self.may(request, VERBS["copy"]):
            raise PermissionDenied
        if not job.is_finished:
            self.message_user(request, _("The job has not finished: there is nothing to run again."), messages.WARNING)
            return HttpResponseRedirect(self.url_of(job))
        form = ArgumentsForm(job, request.POST if request.method == "POST" else None)
        twin = form.enqueue() if form.is_valid() else None
        if twin is not None:
            return self._landing(request, job, twin)
        more = {"job": job, "subtitle": plain(job.name), "is_known": find_handler(job.name) is not None}
        more |= {"form": form, "url": self.url_of(job)}
        return self.page(request, "job/again", title=VERBS["copy"].label, **more)

    def _landing(self, request: HttpRequest, job: Job, twin: Job) -> HttpResponse:
        self.log_change(request, job, _("Run again as a copy: %(id)s") % {"id": twin.pk})
        self.log_addition(request, copied(twin, reason_of(request)), _("A copy of %(id)s") % {"id": job.pk})
        self.message_user(request, _("This job is a copy, enqueued just now."), messages.SUCCESS)
        return HttpResponseRedirect(self.url_of(twin))
