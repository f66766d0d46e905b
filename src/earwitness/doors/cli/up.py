"""``earwitness up``: the whole system, until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen

if TYPE_CHECKING:
    from earwitness.doors.up.server import Server
    from earwitness.flow.hear import Answer
    from earwitness.starter import Recording
    from earwitness.wiring import Earwitness

Sample = Annotated[
    bool,
    typer.Option(
        "--sample-household",
        help="Let a sample household speak to it, and show the whole loop. Works in a temporary "
        "folder, at free ports.",
    ),
]


@app.command()
def up(context: typer.Context, sample: Sample = False, as_json: Json = False) -> None:
    """Start everything: the doors, the recogniser, the queue and the worker.

    Log lines go to stderr, one JSON object each, without anything that anybody said. Ctrl-C or
    SIGTERM ends it when what is being heard is done. While nobody has an account,
    a link is printed that makes the first. With --json one line on stdout says when it is ready,
    at which ports, and that link. With --sample-household it ends by itself where there is no
    terminal, with exit code 1 if the loop does not hold.
    """
    import uvloop

    from earwitness.config import unknown_variables
    from earwitness.doors.up import logs

    screen = Screen(as_json)
    with ExitStack() as stack:
        chosen = _for_show(stack) if sample else {}
        program = stack.enter_context(opened(context, **chosen))
        logs.configure("error" if sample else program.settings.log_level)
        logs.warn_of(unknown_variables())
        failed = uvloop.run(_run(program, screen, sample))
    if failed:
        raise typer.Exit(1)


def _for_show(stack: ExitStack) -> dict[str, Any]:
    """The defaults but for chance: no audit sample, no second listener."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="earwitness-sample-"))
    nothing_by_chance = {"audit_fraction": 0.0, "second_listener_fraction": 0.0}
    return {"data": Path(folder), "http_port": 0, "wyoming_port": 0, **nothing_by_chance}


async def _run(program: Earwitness, screen: Screen, sample: bool) -> str:
    """Returns why the sample household's loop does not hold."""
    from earwitness.doors.up.server import Server

    server = Server(program)
    shows: list[asyncio.Task[str]] = []

    def ready(_: Server) -> None:
        _say_ready(server, screen, None if sample else _first_link(server))
        if sample:
            shows.append(asyncio.create_task(_show(server, screen)))

    await server.run(ready)
    for show in shows:
        show.cancel()
    return next((show.result() for show in shows if show.done() and not show.cancelled()), "")


def _say_ready(server: Server, screen: Screen, link: str | None) -> None:
    ports = {"http_port": server.http_port, "wyoming_port": server.wyoming_port}
    if screen.as_json:
        told = {"ready": True, "pid": os.getpid(), **ports, "first_account": link}
        print(json.dumps(told), flush=True)
        return
    host = server.program.settings.host
    screen.out.print(
        f"Listening at {host}: HTTP and the device link on port {server.http_port}, "
        f"Wyoming on port {server.wyoming_port}. Ctrl-C ends it."
    )
    if link:
        screen.out.print(f"Make the first account, within a day: {link}", soft_wrap=True)


def _first_link(server: Server) -> str | None:
    """Behind its # the secret is sent to nobody."""
    from earwitness.flow import accounts

    program = server.program
    offer = accounts.first_offer(datetime.now(UTC), records=program.records)
    if offer is None:
        return None
    here = program.settings.model_copy(update={"http_port": server.http_port})
    return f"{here.people_url}/join#{offer.secret}"


async def _show(server: Server, screen: Screen) -> str:
    """The story, told by devices; then they go on speaking for as long as somebody watches."""
    from earwitness.doors.cli.household import Household
    from earwitness.doors.cli.story import Story

    program, loop = server.program, asyncio.get_running_loop()
    address = f"http://127.0.0.1:{server.http_port}"
    household = Household(program, address, program.settings.data, loop)
    story = Story(program, household, screen)
    try:
        await loop.run_in_executor(None, story.tell)
        if not story.failed and sys.stdout.isatty():
            _invite(server, screen)
            await loop.run_in_executor(None, household.stay, _said(screen))
        elif not story.failed:
            screen.out.print(
                "\nIn a terminal the server would stay, with a link to the workbench; "
                "`earwitness up` stays, and prints one, anywhere."
            )
    finally:
        server.stop()
    return story.failed


def _invite(server: Server, screen: Screen) -> None:
    folder, waiting = server.program.settings.data, server.program.records.count_open(1000)
    screen.out.print("\nThe server stays, until Ctrl-C. From another terminal:\n")
    for command in ("queue", "review", "lexicon list"):
        screen.out.print(f"  .venv/bin/earwitness --data {folder} {command}", soft_wrap=True)
    screen.out.print(f"  curl http://127.0.0.1:{server.http_port}/metrics\n", soft_wrap=True)
    screen.out.print(
        f"{waiting} clips wait for somebody to listen; the household says more when they are heard."
    )
    screen.out.print(f"Open the workbench: {_first_link(server)}\n", soft_wrap=True)


def _said(screen: Screen) -> Any:
    from earwitness.doors.cli import drawing

    def show(clip: Recording, answers: list[Answer]) -> None:
        for answer in answers:
            screen.out.print(f"{clip.speaker:>10} ", drawing.heard(answer.transcript))
            for reason in drawing.reasons(answer.flags):
                screen.out.print(" " * 10, reason)

    return show
