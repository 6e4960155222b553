"""The pages themselves: their length, their links, and that each can be found."""

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, anchors, links


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_readme_is_no_longer_than_200_lines():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    broken = []
    for line, target in links(page):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(f"{named(page)}:{line} {target}")
    assert not broken, "broken links:\n" + "\n".join(broken)


def test_the_index_leads_to_every_page():
    index = DOCS / "index.md"
    reached = {(index.parent / target.partition("#")[0]).resolve() for _, target in links(index)}
    missing = [named(page) for page in DOCS.rglob("*.md") if page != index and page not in reached]
    assert not missing, f"docs/index.md does not lead to {', '.join(missing)}"


def test_no_link_leads_out_of_the_repository():
    outside = [
        f"{named(page)}:{line} {target}"
        for page in PAGES
        for line, target in links(page)
        if "://" not in target and not (page.parent / target).resolve().is_relative_to(ROOT)
    ]
    assert not outside
