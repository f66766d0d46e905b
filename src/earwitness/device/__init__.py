"""The device program: the other end of the device link."""
