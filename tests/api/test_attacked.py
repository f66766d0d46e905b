"""The OpenAPI document, attacked by schemathesis: no server error, no answer beside it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.api.programs import token
from tests.doors.servers import up
from tests.workbench.clips import keep, quiet

from earwitness.accounts import Role

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "ignored_auth",
)  # fmt: skip
EXAMPLES = 25


def test_nothing_that_is_sent_breaks_it(tmp_path: Path) -> None:
    with up(tmp_path) as server:
        for _ in range(20):
            keep(server, quiet(0.2))
        everything = token(server, *(set(Role) - {Role.ADMINISTRATOR}))
        attacked = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")), "run",
                f"http://127.0.0.1:{server.http_port}/api/v1/openapi.json",
                "--url", f"http://127.0.0.1:{server.http_port}/api/v1",
                "--header", f"Authorization: Bearer {everything}",
                "--checks", ",".join(CHECKS), "--max-examples", str(EXAMPLES),
                "--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color",
                "--generation-database", "none",
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert attacked.returncode == 0, attacked.stdout[-8000:]
        assert [line for line in server.log() if line["level"] == "error"] == []
