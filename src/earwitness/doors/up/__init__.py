"""The whole embedded system as one process: doors, recogniser, queue, worker."""
