"""What the demo says at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from django.conf import settings
from django.db.models import Sum

from ..models import ImportReport, PictureVersion, Report, Review
from .stage import MAILS
from .story import Part, Story


def summary(story: Story, mails: int) -> Iterator[str]:
    """Yield the lines of the summary."""
    parts = story.parts.values()
    yield from _jobs(parts)
    yield ""
    yield from _import(story.report)
    yield from _files(story, mails)
    yield from story.notes
    yield ""
    yield from _verdict(story)


def _jobs(parts: Collection[Part]) -> Iterator[str]:
    counts = Counter(part.job.status for part in parts)
    yield f"{len(parts)} jobs: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    for part in parts:
        mark = "✓" if part.went_well else "✗"
        yield f"  {mark} {part.label:<42} {part.job.status:<10} {_seconds(part):>7}  {_attempts(part)}"


def _seconds(part: Part) -> str:
    return f"{part.job.duration.total_seconds():.2f} s" if part.job.duration else "–"


def _attempts(part: Part) -> str:
    return f"{part.job.attempts} attempts" if part.job.attempts > 1 else ""


def _import(report: ImportReport) -> Iterator[str]:
    report.refresh_from_db()
    faults = report.bad_rows.all()
    lines = faults.values("line").distinct().count()
    yield f"{report.good_rows:,} rows were imported, {lines} were bad. The first of them:"
    for fault in faults[:3]:
        yield f"  line {fault.line}, {fault.column} = {fault.value!r}: {fault.reason}"


def _files(story: Story, mails: int) -> Iterator[str]:
    report = Report.objects.exclude(chart="").first()
    if report is not None:
        yield f"{report.orders} orders of ${report.revenue:,} in the sales report: {_short(Path(report.chart.path))}"
    ids = [part.job.kwargs.get("picture_id") for part in story.parts.values()]
    versions = PictureVersion.objects.filter(picture__in=[pk for pk in ids if pk])
    size = versions.aggregate(size=Sum("size"))["size"] or 0
    pictures, letters = _short(Path(settings.MEDIA_ROOT) / "pictures"), _short(MAILS)
    yield f"{len(versions)} versions of pictures ({size / 1000:,.0f} kB): {pictures}"
    yield f"{Review.objects.count()} reviews were read; {mails} mails were written: {letters}"


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _verdict(story: Story) -> Iterator[str]:
    if story.went_well:
        yield "Everything ended as it should, the failed and the cancelled jobs too."
    for part in story.parts.values():
        if not part.went_well:
            yield f"✗ {part.label}: {part.job.status} instead of {part.expected}. {part.job.error}"
    yield "See it in the admin: `make run` prints an address and a password; look at /admin/django_jobs/job/ there."
