"""Scripts and styles: ours from ``static``, others' from ``vendor`` (web/package.json).

Their addresses hold a hash of all of them, so a browser keeps them for good and never
has those of another version.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from earwitness.doors.workbench.roles import ANYBODY, only
from earwitness.errors import NotFound

_HERE = Path(__file__).parent
_BARE_NAMES = {
    "htmx": "htmx.js",
    "wavesurfer": "wavesurfer.js",
    "wavesurfer/regions": "regions.js",
    "wavesurfer/spectrogram": "spectrogram.js",
    "wavesurfer/timeline": "timeline.js",
}
"""What our modules import -> the file that it is."""
_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}


class Assets:
    """The files as they were when the server started."""

    def __init__(self) -> None:
        folders = (_HERE / "static", _HERE / "vendor")
        found = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
        self._files = {path.name: path for path in sorted(found)}
        contents = (name.encode() + path.read_bytes() for name, path in self._files.items())
        self._base = f"/static/{hashlib.sha256(b''.join(contents)).hexdigest()[:16]}"
        names = {name: self.url(file) for name, file in _BARE_NAMES.items()}
        self.import_map = json.dumps({"imports": names}, sort_keys=True)
        """The one inline script: browsers take an import map from nowhere else."""

    def content_security_policy(self, nonce: str) -> str:
        """Nothing inline but the import map, named by its hash, and styles that bring the nonce
        of this answer, as those of the picture of a sound do.
        """
        digest = b64encode(hashlib.sha256(self.import_map.encode()).digest()).decode()
        return (
            f"default-src 'self'; script-src 'self' 'sha256-{digest}'; "
            f"style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
            "media-src 'self' blob:; connect-src 'self' blob:; worker-src 'self' blob:; "
            "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    def url(self, name: str) -> str:
        """Where a file is."""
        return f"{self._base}/{name}"

    def add_routes(self, router: APIRouter) -> None:
        router.add_api_route(f"{self._base}/{{name}}", self.show, methods=["GET"])

    @only(ANYBODY)
    async def show(self, name: str) -> Response:
        """A file under the address of this version."""
        if name not in self._files:
            raise NotFound("There is no such file.")
        return FileResponse(self._files[name], headers=_FOR_GOOD)
