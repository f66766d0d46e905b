"""Judged clips out, as other tools read them; labelled sets in, as gold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog
from fastapi import APIRouter, Request, Response, UploadFile
from fastapi.responses import StreamingResponse

from earwitness.doors.formats import judged, labels
from earwitness.doors.formats.files import MEDIA, WRITERS
from earwitness.doors.formats.forms import ClipFormat
from earwitness.doors.formats.judged import Judged
from earwitness.doors.formats.labels import MAX_FILE
from earwitness.doors.workbench.lead.clips import CLIPS
from earwitness.doors.workbench.lead.desk import (
    LEAD,
    LEADS,
    Desk,
    Short,
    Why,
    account,
    confirmed,
    now,
)
from earwitness.doors.workbench.pages import Pages
from earwitness.doors.workbench.roles import only, up_to
from earwitness.doors.workbench.sound import Tickets
from earwitness.errors import InputError
from earwitness.flow import gold
from earwitness.flow.gold import Comparison

if TYPE_CHECKING:
    from earwitness.wiring import Earwitness

FILES, EXPORT, IMPORT = f"{LEAD}/files", f"{LEAD}/export", f"{LEAD}/import"
MOST_SHOWN = 200
"""Lines of a report of each kind; the rest are counted."""

log = structlog.get_logger(__name__)


def add_routes(router: APIRouter, program: Earwitness, pages: Pages, tickets: Tickets) -> None:
    desk = _Files(program, pages, tickets)
    router.add_api_route(FILES, desk.files, methods=["GET"])
    router.add_api_route(EXPORT, desk.export, methods=["GET"])
    router.add_api_route(IMPORT, desk.bring, methods=["POST"])


class _Files(Desk):
    @only(LEADS)
    def files(self, request: Request) -> Response:
        return self._page(request, None, 0)

    @only(LEADS)
    def export(self, request: Request, format: str = "", names: str = "") -> Response:  # noqa: A002 - the name in the address
        """Every clip that humans closed, a few at a time, the last closed first.

        An error half-way cuts the answer off, so that nobody takes a part for the whole.
        """
        try:
            form = ClipFormat(format)
        except ValueError as error:
            known = ", ".join(ClipFormat)
            raise InputError(f"{format[:40]!r} is no format of clips: {known}.") from error
        named = names == "1"
        media, ending = MEDIA[form]
        log.info("clips exported", account=account(request).id, format=form.value, names=named)
        return StreamingResponse(
            WRITERS[form](self._clips(named)),
            media_type=media,
            headers={"Content-Disposition": f'attachment; filename="judged-clips.{ending}"'},
        )

    def _clips(self, named: bool) -> Iterator[Judged]:
        return (judged.of(each, names=named) for each in gold.every_closed(self.records))

    @only(LEADS)
    @up_to(MAX_FILE + 64 * 1024)
    def bring(
        self,
        request: Request,
        file: UploadFile | None = None,
        action: Short = "compare",
        why: Why = "",
        confirm: Short = "",
    ) -> Response:
        """Compares a file with what is kept and, if asked to, makes all its labels gold."""
        found, count = None, 0
        name = _plain(file.filename) if file and file.filename else ""
        try:
            if file is None or not name:
                raise InputError("Choose a file.")
            found = gold.compared(
                labels.labels(labels.decoded(file.file.read(MAX_FILE + 1), name), name),
                self.records,
            )
            if action == "import":
                reason, by = confirmed(why, confirm), account(request)
                count = gold.imported(
                    found, name=name, by=by.name, why=reason, now=now(), records=self.records
                )
                log.info("labels imported", account=by.id, golds=count)
        except InputError as error:
            return self._page(request, found, 0, name, why, str(error))
        return self._page(request, found, count, name)

    def _page(
        self,
        request: Request,
        found: Comparison | None,
        count: int,
        name: str = "",
        why: str = "",
        problem: str = "",
    ) -> Response:
        return self.show(
            request,
            "files.html",
            400 if problem else 200,
            why=why,
            problem=problem,
            formats=list(ClipFormat),
            export=EXPORT,
            bring=IMPORT,
            found=found,
            count=count,
            name=name,
            most=MOST_SHOWN,
            megabytes=MAX_FILE // 1024 // 1024,
            gold=f"{CLIPS}?gold=1",
        )


def _plain(name: str) -> str:
    """Of a file, as it may stand in a reason: browsers send what somebody called it."""
    kept = "".join(char if char.isprintable() else " " for char in name.replace("\\", "/"))
    return kept.rpartition("/")[2].strip()[:100] or "file"
