"""Pictures: five versions of each."""

import pytest
from PIL import Image

from django_jobs.models import JobLog
from django_jobs.testing import run_jobs
from example_project.shop import imaging, jobs
from example_project.shop.models import PictureVersion

from .factories import PictureFactory

pytestmark = pytest.mark.django_db


def prepared(picture):
    record = jobs.prepare_picture.enqueue(picture_id=picture.pk)
    run_jobs()
    record.refresh_from_db()
    return record


def test_every_version_of_a_picture_is_made_and_smaller_than_the_original():
    picture = PictureFactory()

    record = prepared(picture)

    versions = {version.kind: version for version in picture.versions.all()}
    assert versions.keys() == imaging.OPERATIONS.keys()
    assert all(version.size < picture.original.size for version in versions.values())
    assert record.result["sizes"] == {kind: version.size for kind, version in versions.items()}
    assert record.progress_message == "working on coffee"
    assert JobLog.objects.filter(job=record).count() == 5


@pytest.mark.parametrize(
    ("kind", "size", "form", "mode"),
    [
        ("page", (480, 320), "JPEG", "RGB"),
        ("small", (240, 160), "JPEG", "RGB"),
        ("modern", (480, 320), "WEBP", "RGB"),
        ("grey", (240, 160), "JPEG", "L"),
        ("thumbnail", (128, 128), "JPEG", "RGB"),
    ],
)
def test_a_version_has_the_size_and_format_of_its_kind(kind, size, form, mode):
    picture = PictureFactory()

    version = imaging.make(picture, imaging.load(picture), kind)

    with version.file.open("rb") as file, Image.open(file) as image:
        assert (image.size, image.format, image.mode) == (size, form, mode)
    assert (version.width, version.height) == size


def test_a_second_attempt_leaves_no_second_files(shop_files):
    record = prepared(PictureFactory())
    before = sorted(shop_files.rglob("*.*"))

    record.retry()
    run_jobs()

    assert sorted(shop_files.rglob("*.*")) == before
    assert PictureVersion.objects.count() == 5


def test_a_file_that_is_no_picture_fails_the_job_at_once():
    record = prepared(PictureFactory(broken=True))

    assert (record.status, record.attempts) == ("failed", 1)
    assert record.error.startswith("coffee is no picture that can be read")


def test_the_pictures_that_come_with_the_shop_can_all_be_prepared():
    pictures = imaging.add_bundled()

    jobs.prepare_picture.enqueue_many({"picture_id": picture.pk} for picture in pictures)
    run_jobs()

    assert PictureVersion.objects.count() == len(pictures) * 5 == 30
