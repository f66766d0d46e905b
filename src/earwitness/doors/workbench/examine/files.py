"""A version of a finding as files, for pages and programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from earwitness.doors.workbench.sound import Giving
from earwitness.errors import NotFound
from earwitness.examining import FindingVersion
from earwitness.flow import findings
from earwitness.flow.examination import Bench, Examining
from earwitness.sound.findings import finding as rules
from earwitness.sound.findings.contents import Custody, Picture
from earwitness.sound.findings.finding import Finding
from earwitness.sound.findings.pdf import pdf
from earwitness.sound.findings.report import html


class Given(StrEnum):
    """By the ending of the file."""

    HTML = "report.html"
    PDF = "report.pdf"
    REPLAY = "replay.json"
    FINDING = "finding.json"


PICTURED = frozenset({Given.HTML, Given.PDF})
"""With pictures of the sound in them."""
Giver = Callable[[FindingVersion, Bench, Examining], tuple[bytes, str]]
"""Its content and media type. Raises InputError where what was done cannot be done again."""


def _report(
    kept: FindingVersion, bench: Bench, on: Examining
) -> tuple[Finding, list[Picture], list[Custody]]:
    finding = rules.parse(kept.content)
    pictures = findings.pictures(finding, findings.again(kept, bench, on))
    return finding, pictures, findings.custody(finding, kept.utterance, on.custodian)


def _replay(kept: FindingVersion, bench: Bench, on: Examining) -> tuple[bytes, str]:
    if not kept.replay:
        raise NotFound("Nothing was done to the original, so there is nothing to run again.")
    return kept.replay.encode(), "application/json"


GIVERS: Mapping[Given, Giver] = {
    Given.HTML: lambda kept, bench, on: (html(*_report(kept, bench, on)).encode(), "text/html"),
    Given.PDF: lambda kept, bench, on: (pdf(*_report(kept, bench, on)), "application/pdf"),
    Given.REPLAY: _replay,
    Given.FINDING: lambda kept, bench, on: (kept.content.encode(), "application/json"),
}


def noted(form: Given, kept: FindingVersion, who: str, giving: Giving, on: Examining) -> None:
    """Whoever takes pictures of a clip away with a report is on record before they have it."""
    if form in PICTURED:
        why = f"the pictures of a report: finding {kept.finding[:12]}, version {kept.number}"
        seconds = on.records.utterance(kept.utterance).transcript.seconds
        giving.note(giving.new(), kept.utterance, who, "", why, seconds)
