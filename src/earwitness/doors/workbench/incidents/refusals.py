"""What is refused, or cannot be kept, is said on the page, where what was typed is."""

from __future__ import annotations

from earwitness.errors import InputError, LogBroken, NotFound, NotWitnessed, StoreError

REFUSED = (InputError, LogBroken, NotWitnessed, StoreError)


def words(error: Exception) -> str:
    """Of one of these. Raises it again where it says that there is no such page."""
    if isinstance(error, NotFound):
        raise error
    return str(error)
