"""Brings what the pages need from npm: exactly what web/package-lock.json names, by hash.

usage: python tools/front_end.py [--dev]     (--dev: the type checker, too)
The files that web/package.json lists as "served" are put beside our own pages.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
SERVED = ROOT / "src/earwitness/doors/workbench/vendor"
NPM = Path(sys.executable).with_name("npm")


def main() -> None:
    kinds = [] if "--dev" in sys.argv[1:] else ["--omit=dev"]
    path = f"{NPM.parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(NPM), "ci", "--silent", "--prefix", str(WEB), *kinds]
    if subprocess.run(command, env={**os.environ, "PATH": path}, check=False).returncode:
        sys.exit("npm could not bring the parts of the pages; run the same command again to go on.")
    shutil.rmtree(SERVED, ignore_errors=True)
    SERVED.mkdir()
    for name, source in json.loads((WEB / "package.json").read_text())["served"].items():
        shutil.copyfile(WEB / "node_modules" / source, SERVED / name)


if __name__ == "__main__":
    main()
