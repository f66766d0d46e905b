"""``earwitness up``: the whole system, until it is told to stop."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import typer

from earwitness.doors.cli.app import app
from earwitness.doors.cli.opening import opened
from earwitness.doors.cli.screen import Json, Screen

if TYPE_CHECKING:
    from earwitness.doors.up.server import Server


@app.command()
def up(context: typer.Context, as_json: Json = False) -> None:
    """Start everything: the doors, the recogniser, the queue and the worker.

    Log lines go to stderr, one JSON object each, without anything that anybody said. Ctrl-C or
    SIGTERM ends it when what is being heard is done. With --json one line on stdout says when it
    is ready, and at which ports.
    """
    import uvloop

    from earwitness.doors.up import logs
    from earwitness.doors.up.server import Server

    screen = Screen(as_json)
    with opened(context) as program:
        logs.configure(program.settings.log_level)

        async def run() -> None:
            await Server(program).run(lambda server: _ready(server, screen))

        uvloop.run(run())


def _ready(server: Server, screen: Screen) -> None:
    ports = {"http_port": server.http_port, "wyoming_port": server.wyoming_port}
    if screen.as_json:
        print(json.dumps({"ready": True, "pid": os.getpid(), **ports}), flush=True)
        return
    host = server.program.settings.host
    screen.out.print(f"Listening at {host}: HTTP and the device link on port {server.http_port}.")
    screen.out.print("Ctrl-C ends it.")
