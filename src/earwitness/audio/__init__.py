"""Recordings in, clips out: decoding, speech detection, playing."""
