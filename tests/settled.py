"""The last that the parent of ``tests.warm`` imports: what is in memory by then stays.

A server looks through its memory for garbage as it starts. Without this each would look through
what it shares with all others, and so have a copy of it.
"""

import gc

gc.collect()
gc.freeze()
