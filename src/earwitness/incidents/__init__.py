"""What a case is: its records, who must act by when, and who must not hear of it. Pure."""
