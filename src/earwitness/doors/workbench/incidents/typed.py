"""What was typed into a form that was refused: it comes back with the page, whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request


@dataclass(frozen=True, slots=True)
class Typed:
    """``form`` is the last part of its address; empty where nothing was refused."""

    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, form: str, name: str, default: str = "") -> str:
        """What a field holds; in the form that was refused a box that is not there is unchecked."""
        return self.fields.get(name, "") if form == self.form else default


NOTHING = Typed()


async def typed_into(request: Request) -> Typed:
    """The form of a request, however long its fields are."""
    form = await request.form()
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    return Typed(request.url.path.rpartition("/")[2], fields)
