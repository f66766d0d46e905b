"""A finding as one HTML file that needs nothing else, to be read, printed or filed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from earwitness.sound.findings.contents import Custody, Picture, Section, Table, sections
from earwitness.sound.findings.finding import Finding

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 8, 32
TICKS = 4

_STYLE = """
body { font: 11pt/1.45 Georgia, "Times New Roman", serif; color: #111; background: #fff;
  max-width: 46em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin-top: 1.8em;
  border-bottom: 1px solid #888; break-after: avoid; }
table { border-collapse: collapse; width: 100%; font-size: .9em; }
th, td { text-align: left; vertical-align: top; padding: .35em .6em .35em 0;
  border-bottom: 1px solid #ccc; overflow-wrap: anywhere; }
p { overflow-wrap: anywhere; white-space: pre-wrap; } tr, figure { break-inside: avoid; }
figure { margin: 1em 0; } svg { width: 100%; height: auto; font: 11px sans-serif; }
@page { margin: 2cm; }
@media print { body { margin: 0; max-width: none; padding: 0; } }
"""


def html(
    finding: Finding, pictures: Sequence[Picture] = (), custody: Sequence[Custody] = ()
) -> str:
    """The report; everything that somebody wrote is escaped."""
    title = escape(f"Finding: {finding.question}")
    body = "\n".join(map(_section, sections(finding, custody)))
    shown = "\n".join(map(_figure, pictures))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{title}</h1>\n{body}\n{'<h2>Pictures</h2>' if shown else ''}\n{shown}\n"
        f"</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    parts = "\n".join(
        _table(part) if isinstance(part, Table) else f"<p>{escape(part)}</p>"
        for part in section.parts
    )
    return f"<h2>{escape(section.title)}</h2>\n{parts}"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in table.head)
    rows = "\n".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _figure(picture: Picture) -> str:
    """The picture between its axes."""
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    source = base64.b64encode(picture.png).decode()
    marks = [
        f'<text x="{LEFT + share * wide:.1f}" y="{HEIGHT - 12}" text-anchor="middle">'
        f"{value:g} s</text>"
        for share, value in ticks(*picture.seconds)
    ]
    marks += [
        f'<text x="{LEFT - 6}" y="{TOP + (1 - share) * high + 4:.1f}" text-anchor="end">'
        f"{value:g} Hz</text>"
        for share, value in ticks(*picture.hertz)
    ]
    return (
        f'<figure><svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(picture.title)}</title>'
        f'<image x="{LEFT}" y="{TOP}" width="{wide}" height="{high}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{source}"></image>{"".join(marks)}</svg>\n'
        f"<figcaption>{escape(picture.title)}</figcaption></figure>"
    )


def ticks(low: float, high: float) -> list[tuple[float, float]]:
    """Places from 0 to 1 along an axis, and the values that stand there.

    >>> ticks(0.0, 8000.0)[1]
    (0.25, 2000.0)
    """
    shares = [number / TICKS for number in range(TICKS + 1)]
    return [(share, round(low + share * (high - low), 3)) for share in shares]
