"""OpenAI's transcription API over HTTP, for clients that speak it already."""

from earwitness.doors.openai_api.routes import router

__all__ = ["router"]
