"""Links lead somewhere, and no file tells on the machine that made it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, anchors, committed, pages, prose

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MACHINE = re.compile(r"(?<![\w.~-])/(?:work|opt|root|home|Users)/\w|file://|find-links +/")
REGISTRY = re.compile(r"pypi\.org|pythonhosted|npmjs|deb\.debian|docker\.io")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), f"{_name(page)} links to {target}"
        assert not anchor or anchor in anchors(path), f"{_name(page)} links to {target}"


def _texts() -> list[tuple[Path, str]]:
    kept = []
    for path in committed():
        content = path.read_bytes()
        if b"\0" not in content and path != Path(__file__):
            kept.append((path, content.decode("utf-8")))
    return kept


@pytest.mark.parametrize("telltale", [MACHINE, REGISTRY], ids=["machine", "registry"])
def test_no_committed_file_names_a_machine_or_a_registry(telltale: re.Pattern[str]) -> None:
    found = [
        (_name(path), match[0]) for path, text in _texts() for match in telltale.finditer(text)
    ]
    assert found == []


def test_the_pinned_requirements_name_no_address() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        assert "://" not in path.read_text(encoding="utf-8")
