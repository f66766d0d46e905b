"""What anybody can check: the log, receipts and bundles, without the server that made them.

Nothing here imports anything else of ours, opens a connection or reads a clock; all it needs is
Python and ``cryptography``. So a copy of this folder, run with ``python -m evidence FILE...``, is
a verifier for somebody who trusts neither us nor the machine that the evidence comes from.
"""
