"""A finding as PDF 1.4 (Adobe, PDF Reference, third edition): text, tables and pictures.

The fonts are two of the fourteen that every reader has, so nothing is embedded. The same
finding makes the same bytes: there is no date in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from earwitness.sound.findings.contents import Custody, Picture, Section, sections
from earwitness.sound.findings.finding import Finding
from earwitness.sound.findings.helvetica import wrapped
from earwitness.sound.png import parts

PAGE = (595, 842)
"""A4, in points."""
MARGIN = 57
WIDE = PAGE[0] - 2 * MARGIN
SIZES = {"title": 16.0, "heading": 12.0, "text": 9.5, "small": 8.0}
LEADING = 1.35
PICTURE_HIGH = 180.0


@dataclass(slots=True)
class _Sheet:
    """Pages that fill from the top; ``at`` is how far down the last one is written."""

    pages: list[list[bytes]] = field(default_factory=lambda: [[]])
    at: float = PAGE[1] - MARGIN

    def room(self, high: float) -> None:
        """Goes on to another page where ``high`` points are not left."""
        if self.at - high < MARGIN and self.pages[-1]:
            self.pages.append([])
            self.at = PAGE[1] - MARGIN

    def draw(self, operators: bytes) -> None:
        self.pages[-1].append(operators)


def pdf(
    finding: Finding, pictures: Sequence[Picture] = (), custody: Sequence[Custody] = ()
) -> bytes:
    """The report. Raises InputError for pictures that were not made here."""
    sheet = _Sheet()
    _lines(sheet, f"Finding: {finding.question}", "title", bold=True)
    for section in sections(finding, custody):
        _section(sheet, section)
    for number, picture in enumerate(pictures):
        _picture(sheet, picture, number)
    return _file(sheet, pictures)


# --- the pages --------------------------------------------------------------


def _section(sheet: _Sheet, section: Section) -> None:
    sheet.room(5 * SIZES["heading"])  # no heading alone at the foot of a page
    sheet.at -= SIZES["heading"]
    _lines(sheet, section.title, "heading", bold=True)
    for part in section.parts:
        if isinstance(part, str):
            _lines(sheet, part, "text")
            continue
        for number, row in enumerate((part.head, *part.rows)):
            _row(sheet, row, bold=not number)


def _lines(sheet: _Sheet, text: str, size: str, bold: bool = False) -> None:
    for line in wrapped(text, WIDE, SIZES[size], bold):
        sheet.room(SIZES[size] * LEADING)
        sheet.at -= SIZES[size] * LEADING
        sheet.draw(_text(MARGIN, sheet.at, line, SIZES[size], bold))
    sheet.at -= SIZES[size] * 0.3


def _row(sheet: _Sheet, cells: Sequence[str], bold: bool = False) -> None:
    """Cells of one width beside each other; a row may go on over the page."""
    size, wide = SIZES["small"], WIDE / len(cells)
    columns = [wrapped(cell, wide - 8, size, bold) for cell in cells]
    for number in range(max(map(len, columns))):
        sheet.room(size * LEADING)
        sheet.at -= size * LEADING
        for place, lines in enumerate(columns):
            if number < len(lines):
                sheet.draw(_text(MARGIN + place * wide, sheet.at, lines[number], size, bold))
    sheet.at -= 4
    sheet.draw(b"0.8 G %d %.1f m %d %.1f l S" % (MARGIN, sheet.at, MARGIN + WIDE, sheet.at))


def _picture(sheet: _Sheet, picture: Picture, number: int) -> None:
    sheet.room(PICTURE_HIGH + 50)
    sheet.at -= PICTURE_HIGH + 10
    drawn = b"q %d 0 0 %.1f %d %.1f cm /P%d Do Q"
    sheet.draw(drawn % (WIDE, PICTURE_HIGH, MARGIN, sheet.at, number))
    (start, end), (low, high) = picture.seconds, picture.hertz
    axes = f"{start:g} to {end:g} s from left to right, {low:g} to {high:g} Hz upwards"
    _lines(sheet, f"{picture.title}: {axes}", "small")


def _text(x: float, y: float, line: bytes, size: float, bold: bool) -> bytes:
    for special in (b"\\", b"(", b")"):
        line = line.replace(special, b"\\" + special)
    return b"BT /F%d %.1f Tf %.1f %.1f Td (%s) Tj ET" % (1 + bold, size, x, y, line)


# --- the file ---------------------------------------------------------------


def _file(sheet: _Sheet, pictures: Sequence[Picture]) -> bytes:
    """Objects: catalogue, pages, two fonts, the pictures, then each page and its content."""
    first = 5 + len(pictures)
    kids = b" ".join(b"%d 0 R" % (first + 2 * page) for page in range(len(sheet.pages)))
    images = b" ".join(b"/P%d %d 0 R" % (number, 5 + number) for number in range(len(pictures)))
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 %d %d] /Resources "
        b"<< /Font << /F1 3 0 R /F2 4 0 R >> /XObject << %s >> >> >>"
        % (kids, len(sheet.pages), *PAGE, images),
        font % b"Helvetica",
        font % b"Helvetica-Bold",
        *(_image(picture) for picture in pictures),
    ]
    for number, page in enumerate(sheet.pages):
        foot = b"Page %d of %d" % (number + 1, len(sheet.pages))
        page.append(_text(MARGIN, MARGIN / 2, foot, SIZES["small"], False))
        content = first + 2 * number + 1
        objects.append(b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R >>" % content)
        objects.append(_stream(b"", b"\n".join(page)))
    return _numbered(objects)


def _image(picture: Picture) -> bytes:
    """A PNG's compressed rows are what PDF calls predictor 15."""
    found = parts(picture.png)
    described = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 "
        b"/ColorSpace [/Indexed /DeviceRGB %d <%s>] /Filter /FlateDecode /DecodeParms "
        b"<< /Predictor 15 /Colors 1 /BitsPerComponent 8 /Columns %d >> "
    )
    palette = len(found.palette) // 3 - 1, found.palette.hex().encode()
    shape = (found.columns, found.rows, *palette, found.columns)
    return _stream(described % shape, found.data)


def _stream(described: bytes, content: bytes) -> bytes:
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (described, len(content), content)


def _numbered(objects: Sequence[bytes]) -> bytes:
    """The objects, and the table of where each begins."""
    written, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, each in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    form = (
        b"xref\n0 %d\n0000000000 65535 f \n%s"
        b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    )
    count = len(objects) + 1
    return written + form % (count, b"".join(places), count, len(written))
