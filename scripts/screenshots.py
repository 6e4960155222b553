"""Make the pictures of the admin that the docs show: run the example shop, do what a person does, and look.

    python scripts/screenshots.py

Needs the example's and the `browser` dependencies, and a chromium. The shop's database is a new one, in a temporary
folder; the pictures go to `docs/images/`.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images"
COLOURS = 96
WIDE, NARROW = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=820)
BUSY = """
from datetime import timedelta
from django.utils import timezone
from example_project.shop.jobs import scrape_reviews, sync_prices, take_stock
take_stock.enqueue(drawers=400, seconds_each=0.4)
take_stock.using(delay=600).enqueue(drawers=5)
scrape_reviews.using(run_after=timezone.now() + timedelta(hours=2)).enqueue()
sync_prices.enqueue_many([{}] * 4)
"""


def manage(var: str, *arguments: str) -> str:
    """Run a management command of the example on a database of its own; return what it said."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env={**os.environ, "SHOP_VAR": var}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


@contextmanager
def site(var: str) -> Iterator[tuple[str, str]]:
    """Run the shop and a worker; yield the address and the admin's password."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "devsite"],
        cwd=ROOT, env={**os.environ, "SHOP_VAR": var}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield _read_welcome(process.stdout)
    finally:
        process.terminate()
        process.wait(30)


def _read_welcome(lines: Any) -> tuple[str, str]:
    address = ""
    for line in lines:
        address = address or (found[0] if (found := re.search(r"http://[\d.:]+", line)) else "")
        if password := re.search(r"password (\S+)", line):
            return address, password[1]
    raise SystemExit("the site did not start")


def log_in(page: Page, address: str, password: str) -> None:
    """Wait for the site and become its admin."""
    for _ in range(100):
        try:
            page.goto(f"{address}/admin/")
            break
        except Exception:  # noqa: BLE001 - it is not up yet
            page.wait_for_timeout(100)
    page.fill("#id_username", "admin")
    page.fill("#id_password", password)
    page.click("input[type=submit]")


def save(page: Page, name: str) -> None:
    """Take what the window shows, in few colours."""
    page.evaluate("for (const open of document.querySelectorAll('details[open]')) open.open = false")
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


def take_all(page: Page, address: str) -> None:
    """Go through the console, light and dark, wide and narrow."""
    jobs = f"{address}/admin/django_jobs"
    page.goto(f"{jobs}/job/?status=running")
    page.click("#result_list tbody a")
    page.wait_for_selector("progress")
    job = page.url
    page.goto(f"{jobs}/job/?status=failed")
    page.click("#result_list tbody a")
    failed = page.url
    for name, target in {
        "overview": f"{jobs}/",
        "jobs": f"{jobs}/job/",
        "job": job,
        "failed-job": failed,
        "queues": f"{jobs}/queue/",
        "workers": f"{jobs}/worker/",
    }.items():
        page.goto(target)
        page.wait_for_load_state("networkidle")
        save(page, name)
    page.emulate_media(color_scheme="dark")
    page.goto(f"{jobs}/")
    save(page, "overview-dark")
    page.set_viewport_size(NARROW)
    page.goto(job)
    save(page, "job-narrow")
    page.emulate_media(color_scheme="light")
    page.goto(re.sub(r"/admin/django_jobs/job/([^/]+)/.*", r"/jobs/\1/", job))
    page.wait_for_selector("job-status progress")
    save(page, "job-status")


def main() -> None:
    """Make all pictures anew."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as var, sync_playwright() as playwright:
        manage(var, "migrate", "--verbosity", "0")
        manage(var, "demo")
        with site(var) as (address, password):
            manage(var, "shell", "--command", BUSY)
            page = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page(viewport=WIDE)
            log_in(page, address, password)
            page.wait_for_timeout(15_000)  # for something to happen that the charts can show
            take_all(page, address)


if __name__ == "__main__":
    main()
