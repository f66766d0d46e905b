"""Who reported a case, in words, for the pages of whoever acts on it."""

from __future__ import annotations

from earwitness.errors import StoreError
from earwitness.flow.incidents import acting
from earwitness.flow.incidents.cases import Look
from earwitness.flow.incidents.parts import Incidents


def reported_by(found: Look, on: Incidents) -> str:
    """Behind when it was. A name that cannot be opened keeps nobody from the rest of the case."""
    try:
        return f"by {acting.reporter(found, on) or 'somebody who asked for confidence'}"
    except StoreError as error:
        problem = str(error).rstrip(".")
        return problem[:1].lower() + problem[1:]
