"""What the shop's tests have in common: files of their own, and no jobs left over."""

import pytest


@pytest.fixture(autouse=True)
def shop_files(settings, tmp_path):
    """Keep what a test uploads and makes apart from every other test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def shop_urls(settings):
    """Serve the example's pages, whatever the other tests serve."""
    settings.ROOT_URLCONF = "example_project.urls"


@pytest.fixture(autouse=True)
def shop_access(settings):
    """Let the example's rules hold, whatever those of the other tests."""
    settings.JOBS = {**settings.JOBS, "ACCESS": "example_project.shop.visitors.ShopAccess"}
