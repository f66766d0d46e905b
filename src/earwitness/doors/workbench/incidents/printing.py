"""A case on paper: one file that needs nothing else, to be printed or filed."""

from __future__ import annotations

from datetime import datetime

from earwitness import __version__
from earwitness.accounts import Account
from earwitness.doors.workbench.incidents.originals import originals
from earwitness.doors.workbench.incidents.whose import reported_by
from earwitness.doors.workbench.pages import templates
from earwitness.evidence.checkpoints import Checkpoint
from earwitness.flow.incidents import acting
from earwitness.flow.incidents.parts import Incidents
from earwitness.incidents import clocks, conflicts
from earwitness.incidents.records import Kind


def printed(case: str, why: str, by: Account, now: datetime, on: Incidents) -> bytes:
    """HTML, once it is on record who took it and why. Raises as ``acting.took``."""
    found = acting.took(case, why, by, now, on, what="page")
    status = found.status
    heard = [each for each in found.records if each.kept.kind == Kind.SEEN]
    return (
        templates()
        .get_template("incidents/printed.html")
        .render(
            found=found,
            stands=status,
            said=found.first,
            running=clocks.running(status),
            originals=originals(found, on.records),
            zone=status.policy.hours.zone,
            taken=[each for each in found.records if each.kept.kind == Kind.TAKEN],
            strangers=[
                name
                for name in status.named
                if not conflicts.implicated([name], (), status.policy, status.accounts)
            ],
            listened={
                str(key): [each for each in heard if each.fields.get("sha256") == key]
                for key in {each.fields.get("sha256") for each in heard}
            },
            deadlines=[
                status.policy.deadline(rung, status.harm, status.imminence)[0]
                for rung in range(len(status.policy.rungs))
            ],
            reported_by=reported_by(found, on),
            names={each.id: each.name for each in status.accounts},
            head=Checkpoint.parse(on.book.newest().text),
            key=on.book.key.public,
            by=by,
            why=why.strip(),
            now=now,
            version=__version__,
        )
        .encode()
    )
