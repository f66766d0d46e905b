"""What a decoding process and its parent say to each other.

A message is a header (kind, length of the payload) and a payload: ``LENGTH`` with the
seconds that a recording says it has, if it does; ``AUDIO`` with 16-bit little-endian
samples, mono, at the rate of the program; then ``END``, or ``REFUSED`` with the reason in
UTF-8.

Where the original is asked for, the request is a ``STRETCH``: its first and last moment in
seconds, infinity for the end. The answer has a ``SHAPE`` (rate, channels) before the ``AUDIO``,
whose samples are 32-bit little-endian floats, the channels of each moment side by side.

A process that decodes Opus says ``READY``, then answers requests. A request is ``PACKET``,
``FRESH`` or ``CLOSE``, the number of a stream, and the packet; ``FRESH`` is a packet before which
everything is forgotten. The answer to a packet is ``AUDIO`` or ``REFUSED`` as above, without a
length: the socket keeps messages apart. ``CLOSE`` has none.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("<cI")
SECONDS = struct.Struct("<d")
LENGTH, AUDIO, END, REFUSED = b"L", b"A", b"E", b"R"
MAX_PAYLOAD = 1 << 20

STRETCH = struct.Struct("<dd")
SHAPE, SHAPE_OF = b"S", struct.Struct("<II")

REQUEST = struct.Struct("<cQ")
PACKET, FRESH, CLOSE, READY = b"P", b"F", b"C", b"Y"
MAX_REQUEST = 1 << 14
