"""What was found: blind tests, findings as values, and reports of them."""
