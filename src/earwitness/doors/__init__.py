"""Ways in: each door turns what somebody asks into a call on ``wiring``."""

import os

# Read when numpy is loaded. Its products here are small and come by the thousand: several
# threads for each only wait for one another, awake, on the cores that hearing needs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
