"""What an original itself shows, and what that is consistent with."""
