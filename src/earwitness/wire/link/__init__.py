"""The device link: what an enrolled device and the server say to each other.

``messages`` are JSON in text frames, ``frames`` are audio in binary ones, and ``proof`` is
what is signed. docs/reference/device-link.md describes the protocol.
"""
