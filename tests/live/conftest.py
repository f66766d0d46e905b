from tests.flow.conftest import house

__all__ = ["house"]
