"""Long work: so many wait at once, and nobody takes all of the places."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from earwitness.errors import Overloaded
from earwitness.flow.turns import Places


def test_nobody_takes_more_than_their_share() -> None:
    places = Places(most=3, share=2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(places.taken("Ann"))
        with pytest.raises(Overloaded, match="You asked for much"), places.taken("Ann"):
            pass
        stack.enter_context(places.taken("Bob"))
        with pytest.raises(Overloaded, match="Many sounds"), places.taken("Cy"):
            pass
    with places.taken("Ann"), places.taken("Cy"):
        pass


def test_a_place_is_free_again_whatever_went_wrong() -> None:
    places = Places(most=1, share=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), places.taken("Ann"):
            raise ZeroDivisionError
