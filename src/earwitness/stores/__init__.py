"""Where the program keeps what it must not lose."""

from earwitness.stores.records import SqlRecords, open_store

__all__ = ["SqlRecords", "open_store"]
