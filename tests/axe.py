"""What axe-core, which tests pages for people with disabilities, says of a page in the browser."""

from importlib.resources import files

import pytest

GRAVE = ("serious", "critical")


def complaints(page, within="html", without=()):
    """Return what is seriously wrong on a page, within what this selector finds, and without what those do."""
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": source})  # no policy of the page forbids this
    session.detach()
    context = {"include": [[within]], "exclude": [[selector] for selector in without]}
    found = page.evaluate("context => axe.run(context, {resultTypes: ['violations']})", context)["violations"]
    return [
        f"{rule['impact']} {rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]
