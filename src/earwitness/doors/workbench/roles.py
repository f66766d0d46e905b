"""Which roles a route is for. A route that nobody decided on cannot be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from earwitness.accounts import Role

ANYBODY: frozenset[Role] = frozenset()
"""Also whoever is not signed in."""
EVERYBODY = frozenset(Role)
"""Whoever is signed in."""

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_MARK = "roles"


def only(roles: frozenset[Role]) -> Callable[[Endpoint], Endpoint]:
    """Marks an endpoint as being for these roles, any one of them."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, roles)
        return endpoint

    return mark


def of(endpoint: Callable[..., Any]) -> frozenset[Role]:
    """Raises TypeError where nobody decided."""
    roles = getattr(endpoint, _MARK, None)
    if roles is None:
        raise TypeError(f"{endpoint.__qualname__} does not say which roles it is for.")
    return frozenset(roles)
