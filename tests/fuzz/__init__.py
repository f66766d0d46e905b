"""Parsers of what strangers send, fed with whatever breaks them.

By hand, for as long as you like (atheris is among the tools of requirements/dev.in)::

    python -m tests.fuzz                                # the names of the targets
    python -m tests.fuzz wyoming -max_total_time=3600   # libFuzzer's options

``tests/fuzz/test_targets.py`` runs each target a bounded number of times.
"""
