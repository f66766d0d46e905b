"""A simulator: seeded schedules of reports, acts, crashes, clocks that are set, and lost messages.

Time is simulated: a true one that only the simulator knows, the wall clock that somebody sets,
and the machine's counter that begins again with each boot. After every turn of a worker it must
hold: nothing that is due is left, no clock went off twice, nobody who is implicated was sent
anything, and time went forward.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.flow.incident_house import THREE_RUNGS, change, incidents, person
from tests.torture.quiet import quiet
from tests.torture.together import together
from tests.values import START

from earwitness.accounts import Account, Role
from earwitness.errors import EarwitnessError, NotDelivered
from earwitness.flow.incidents import (
    acting,
    cases,
    codes,
    delivering,
    escalation,
    logbook,
    reporting,
)
from earwitness.flow.incidents.parts import Incidents
from earwitness.flow.incidents.reporting import Statement
from earwitness.incidents import clocks
from earwitness.incidents.status import Act
from earwitness.listening import Harm, Imminence
from earwitness.ports import Message
from earwitness.runners.steady import JUMP, NOTE_EVERY, SteadyClock

PEOPLE = {"Mallory": Role.LEAD, "Ria": Role.RESPONDER, "Dora": Role.ADMINISTRATOR}
ADDRESSES = {f"mailto:{name.casefold()}@example.org": name.casefold() for name in PEOPLE}


class Killed(Exception):
    """The process is gone, in the middle of something."""


class Dying:
    """Records of a process that is killed before or after one of its next calls."""

    def __init__(self, records: Any) -> None:
        self.alive, self.left, self.after = records, -1, False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.alive, name)
        return self._mortal(found) if callable(found) else found

    def _mortal(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Killed
            made = call(*given, **named)
            if self.left == 0:
                raise Killed
            return made

        return called


@dataclass
class World:
    folder: Path
    seed: int
    draw: random.Random = field(init=False)
    true: datetime = START
    set_by: timedelta = timedelta(0)
    booted: datetime = START
    down: bool = False
    losing: bool = False
    sent: list[tuple[str, str]] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.boot()
        for name, role in PEOPLE.items():
            person(self.on, name, role)
        self.last = self.clock.now()

    # --- the machine ---------------------------------------------------------------

    def boot(self) -> None:
        self.booted = self.true - timedelta(seconds=self.draw.uniform(0, 1000))
        on = incidents(self.folder, THREE_RUNGS)
        self.dying = Dying(on.records)
        book = replace(on.book, records=self.dying)
        self.on = replace(on, records=self.dying, book=book)
        self.clock = SteadyClock(
            self.dying,  # type: ignore[arg-type]
            lambda: self.true + self.set_by,
            lambda: (self.true - self.booted).total_seconds(),
        )
        self.true_up_due = True

    def send(self, channel: str, message: Message) -> None:
        """Some are refused, some get there and nobody learns it."""
        if self.down:
            raise NotDelivered("down")
        status = cases.look(message.case, self.whole).status
        who = ADDRESSES.get(channel)
        assert who not in status.implicated, f"{who} was told of a case that names them"
        self.sent.append((message.case, channel))
        if self.losing and self.draw.random() < 0.5:
            raise NotDelivered("the line was lost")

    @property
    def whole(self) -> Incidents:
        """The same, seen by somebody who does not die."""
        return replace(self.on, records=self.dying.alive)

    # --- what happens ---------------------------------------------------------------

    def step(self) -> None:
        happening = self.draw.choice(
            [self.wait, self.wait, self.report, self.report, self.act, self.implicate,
             self.set_clock, self.restart, self.kill, self.line, self.tamper]
        )  # fmt: skip
        self.done[happening.__name__] += 1
        try:
            happening()
        except Killed:
            self.done["killed"] += 1
            self.boot()
        self.turn()

    def wait(self) -> None:
        self.true += timedelta(seconds=self.draw.choice([1, 60, 900, 3600, 6 * 3600, 86400]))

    def report(self) -> None:
        named = self.draw.sample([*PEOPLE, "lead"], self.draw.randrange(3))
        said = Statement(
            "Ada", self.draw.choice(list(Harm)), self.draw.choice(list(Imminence)), "a cry",
            implicated=tuple(named), confidential=self.draw.random() < 0.3,
        )  # fmt: skip
        code = codes.new_code()
        for _ in range(2):  # sent again after a crash it is the same report
            try:
                made = reporting.report(said, code, self.clock.now(), self.on)
            except Killed:
                self.boot()
            else:
                self.cases.append(made.case)
                return

    def act(self) -> None:
        if self.cases:
            case, who = self.draw.choice(self.cases), self._somebody()
            now = self.clock.now()
            self._tried(
                lambda: acting.act(
                    case, Act.INQUIRY, who, now, self.on,
                    until=now + timedelta(hours=self.draw.randrange(1, 20)), whom=who.name,
                )
            )  # fmt: skip

    def implicate(self) -> None:
        if self.cases and self.draw.random() < 0.3:
            case, name = self.draw.choice(self.cases), self.draw.choice(list(PEOPLE))
            by = self._somebody()
            self._tried(lambda: acting.implicate(case, [name], by, self.clock.now(), self.on))

    def set_clock(self) -> None:
        """Up to a year back or forward, while it runs."""
        self.set_by = timedelta(days=self.draw.uniform(-370, 370))

    def restart(self) -> None:
        """A machine that is off for a while, with its clock right when it is back."""
        self.true += timedelta(seconds=self.draw.choice([10, 3600, 3 * 86400]))
        self.set_by = timedelta(0)
        self.boot()

    def kill(self) -> None:
        self.dying.left, self.dying.after = self.draw.randrange(1, 40), self.draw.random() < 0.5

    def line(self) -> None:
        self.down, self.losing = self.draw.random() < 0.4, self.draw.random() < 0.3

    def tamper(self) -> None:
        """The table of what is due says something else; the records do not."""
        what = self.draw.choice(
            ["UPDATE incident_clock SET due_at = NULL", "DELETE FROM incident_delivery",
             "UPDATE incident_delivery SET next_at = NULL WHERE sent_at IS NULL",
             "UPDATE incident_clock SET due_at = 0", "DELETE FROM incident_clock"]
        )  # fmt: skip
        change(self.whole, what)
        self.boot()

    # --- what must hold -----------------------------------------------------------------

    def turn(self) -> None:
        """A worker's, begun again by the next process as often as it is killed."""
        for _ in range(5):
            try:
                self._turn()
            except Killed:
                self.done["killed"] += 1
                self.boot()
            else:
                return
        raise AssertionError("killed once, and yet again")

    def _turn(self) -> None:
        now = self.clock.note()
        assert now >= self.last - NOTE_EVERY - JUMP, "time went back"
        self.last = now
        if self.true_up_due:
            escalation.true_up(now, self.on)
            self.true_up_due = False
        self._fire(now)
        for each in self.on.records.due_deliveries(now, 500):
            self._tried(lambda each=each: delivering.deliver(each.id, now, self.on, self))
        self._fire(now)  # a message that keeps failing makes a case climb
        self.check(now)

    def _fire(self, now: datetime) -> None:
        while ids := self.on.records.due_cases(now, 50):
            assert escalation.fire(ids, now, self.on), "what is due is not done"

    def check(self, now: datetime) -> None:
        for found in cases.looks(self.whole.records.cases(), self.whole):
            assert not found.wrong, "a record is not what the log holds"
            late = [each for each in clocks.running(found.status) if each.due <= now]
            assert not late, f"due, and nothing was done: {late}"
            keys = [key for each in found.records for key in each.fields.get("clocks") or []]  # type: ignore[union-attr]
            twice = [key for key, many in Counter(map(str, keys)).items() if many > 1]
            assert not twice, f"went off twice: {twice}"

    def end(self) -> None:
        """The line is up and nobody acts: everything gets where it must."""
        self.down = self.losing = False
        self.dying.left = -1
        for _ in range(14):
            self.true += timedelta(days=1)
            self.turn()
        for found in cases.looks(self.whole.records.cases(), self.whole):
            status = found.status
            assert status.outside_at or status.closed_at
            to_outside = (found.row.id, "mailto:ombudsman@example.net")
            assert to_outside in self.sent, "the outside was never told"
        on = self.whole
        logbook.check(on.book)
        for case in self.cases:
            logbook.receipt(case, on.book).check([on.book.key.public])
        opened = cases.looks(on.records.cases(), on)
        leaves = sorted(each.kept.index for found in opened for each in found.records)
        assert leaves == list(range(on.records.log_size())), "a leaf is nobody's"

    def _somebody(self) -> Account:
        return self.draw.choice([*self.whole.records.accounts()])

    def _tried(self, what: Callable[[], object]) -> None:
        """What is refused is refused."""
        try:
            what()
        except EarwitnessError:
            self.done["refused"] += 1


def runs(seeds: Sequence[int], steps: int) -> Counter[str]:
    """What happened in all of them, how often. Raises AssertionError, with the seed."""
    return together(partial(run, steps=steps), seeds)


def run(seed: int, steps: int) -> Counter[str]:
    """What happened in one."""
    quiet()
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        world = World(Path(folder), seed)
        try:
            for _ in range(steps):
                world.step()
            world.end()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        finally:
            world.dying.alive.close()
        return world.done + Counter(schedules=1, messages=len(world.sent))
