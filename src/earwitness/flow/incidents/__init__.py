"""Incidents: reported, committed to, seen, acted on, and carried outside where nobody acts."""
