"""``earwitness witness``: signs the heads of somebody else's log, as long as it only grows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earwitness.doors.cli.app import app
from earwitness.doors.cli.verify import keys_of
from earwitness.errors import InputError, SettingsError

Folder = Annotated[Path, typer.Option(help="Where its key and what it has signed are kept.")]
Logs = Annotated[
    list[str], typer.Option("--log", help="The key of a log, as its receipts and `doctor` show it.")
]
Host = Annotated[str, typer.Option(help="The address at which it listens.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any free one.")]


@app.command()
def witness(
    folder: Folder = Path("witness"),
    log: Logs = [],  # noqa: B006
    host: Host = "127.0.0.1",
    port: Port = 10390,
) -> None:
    """Witness a log: on another machine, run by somebody else than whom it watches.

    It signs each new head only if the log has grown out of the one that it signed before; so
    nobody can show others another log, or take something out of it, without being refused. It
    prints its own key, which goes into the setting `witnesses` of the log's owner, and into
    `earwitness verify --witness`. It speaks C2SP tlog-witness.
    """
    import uvicorn

    from earwitness.witness.key_file import log_key
    from earwitness.witness.server import application
    from earwitness.witness.state import Heads

    if not log:
        raise InputError("A witness witnesses a log: give its key with --log.")
    logs = keys_of("--log", log)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--folder: {folder}: {error.strerror}.") from error
    try:
        key = log_key(folder / "witness.key")
    except SettingsError as error:  # which names a setting that a witness does not have
        raise InputError(str(error).replace("EARWITNESS_LOG_KEY", "--folder", 1)) from error
    made = application(key, logs, Heads(folder / "heads.sqlite"))
    typer.echo(f"key: {key.witness}")
    uvicorn.run(made, host=host, port=port, log_level="warning", lifespan="off")
