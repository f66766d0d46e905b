"""The workbench: pages for people who sign in (docs/design/workbench.md)."""

from earwitness.doors.workbench.routes import router

__all__ = ["router"]
