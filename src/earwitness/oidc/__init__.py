"""Signing people in by an OpenID Connect provider."""

from earwitness.oidc.provider import Provider, open_provider

__all__ = ["Provider", "open_provider"]
