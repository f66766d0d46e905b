"""What sounds: from a tagger's frames to events that may mean harm."""
