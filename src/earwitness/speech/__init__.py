"""What is heard and how far to trust it: rules without I/O and without a clock."""
