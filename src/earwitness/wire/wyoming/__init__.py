"""The Wyoming protocol of Home Assistant and its satellites, version 1.

``frames`` cuts bytes into events and bounds them; ``messages`` are the events that we
speak (https://github.com/OHF-Voice/wyoming).
"""
