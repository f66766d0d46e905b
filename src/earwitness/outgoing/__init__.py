"""Ways out of here: mail, a web address, a letter."""

from earwitness.outgoing.channels import OpenChannels

__all__ = ["OpenChannels"]
