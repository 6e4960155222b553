"""What every test can ask for: which database it runs on, how to start a child on it, a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

SCHEMES = {"sqlite": "sqlite", "postgresql": "postgres", "mysql": "mysql"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the tests over millions of rows be asked for: they take a minute and a gigabyte."""
    parser.addoption("--millions", action="store_true", help="also run the tests over millions of rows")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that is about other databases than the one at hand, or over millions of rows."""
    if item.get_closest_marker("millions") and not item.config.getoption("--millions"):
        pytest.skip("is over millions of rows: pytest --millions")
    for marker in item.iter_markers("only_on"):
        if connection.vendor not in marker.args:
            pytest.skip(f"is about {' and '.join(marker.args)}; this is {connection.vendor}")


def pytest_unconfigure() -> None:
    """Take this process's files away; a child leaves those it inherited to its parent."""
    if not settings.configured or "TESTS_SCRATCH" in os.environ:
        return
    scratch = Path(settings.SCRATCH)
    for path in scratch.parent.glob(f"{scratch.name}.*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@pytest.fixture(scope="session", autouse=True)
def _nobody_is_connected_at_the_end(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Cut what threads that were left behind on purpose still hold: PostgreSQL drops no database that is in use."""
    yield
    if connection.vendor == "postgresql":
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


@pytest.fixture
def database_url(db: None) -> str:
    """Return the URL of the test database, as `DATABASE_URL` spells it."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    who = quote(given["USER"] or "", safe="")
    if given["PASSWORD"]:
        who += f":{quote(given['PASSWORD'], safe='')}"
    # a socket's directory can stand in a URL's host only when it is quoted
    where = quote(given["HOST"] or "127.0.0.1", safe="") + (f":{given['PORT']}" if given["PORT"] else "")
    return f"{SCHEMES[connection.vendor]}://{who}@{where}/{given['NAME']}"


@pytest.fixture
def child_environment(database_url: str) -> dict[str, str]:
    """Return the environment of a child process that shall see this test's rows and files."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TESTS_SCRATCH": settings.SCRATCH,
        "PYTHONPATH": str(Path(__file__).parent.parent),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Start the system's chromium, once for a module: while it is up, this thread has a running event loop."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("there is no chromium on this machine")
    with pytest.MonkeyPatch.context() as patch, driver.sync_playwright() as playwright:
        # the ORM refuses to work beside a running loop, though nothing of it runs on that loop
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """Open an empty page in a session of its own, and fail the test if a script on it failed."""
    errors: list[str] = []
    context = browser.new_context()
    opened = context.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors, f"scripts failed on the page: {errors}"
