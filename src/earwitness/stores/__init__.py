"""Where the program keeps what it must not lose."""

from earwitness.stores.folder import FolderBlobs
from earwitness.stores.polled import PolledLexicon
from earwitness.stores.records import SqlRecords, open_store

__all__ = ["FolderBlobs", "PolledLexicon", "SqlRecords", "open_store"]
