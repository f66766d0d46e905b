"""Decodes recordings for Home Assistant, whose environment cannot.

Run by the Python of Earwitness: ``pcm.py RECORDING...`` writes JSON, path -> base64 of 16-bit
mono samples at 16 kHz.
"""

from __future__ import annotations

import base64
import json
import sys
from contextlib import closing
from pathlib import Path

from earwitness.audio.clip import to_int16
from earwitness.audio.reader import Reader

with closing(Reader()) as reader:
    pcm = {path: to_int16(reader.read(Path(path))).tobytes() for path in sys.argv[1:]}
json.dump({path: base64.b64encode(samples).decode() for path, samples in pcm.items()}, sys.stdout)
