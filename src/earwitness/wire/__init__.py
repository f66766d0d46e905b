"""What the protocols of the doors look like on the wire: values and codecs, no sockets."""
