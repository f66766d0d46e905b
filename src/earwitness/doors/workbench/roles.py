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
_BODY = "most_bytes"


def only(roles: frozenset[Role]) -> Callable[[Endpoint], Endpoint]:
    """Marks an endpoint as being for these roles, any one of them."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, roles)
        return endpoint

    return mark


def up_to(size: int) -> Callable[[Endpoint], Endpoint]:
    """Marks an endpoint whose form may have so many bytes: it takes files."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _BODY, size)
        return endpoint

    return mark


def body_of(endpoint: Callable[..., Any]) -> int | None:
    """None where nothing was said."""
    return getattr(endpoint, _BODY, None)


def of(endpoint: Callable[..., Any]) -> frozenset[Role]:
    """Raises TypeError where nobody decided."""
    roles = getattr(endpoint, _MARK, None)
    if roles is None:
        raise TypeError(f"{endpoint.__qualname__} does not say which roles it is for.")
    return frozenset(roles)
