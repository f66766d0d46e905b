"""The API for programs: what the pages do, with a token that has roles and expiry."""

from earwitness.doors.api.application import PATH, application

__all__ = ["PATH", "application"]
