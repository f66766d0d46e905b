"""What the program is measured by. Every measurement is one function that returns plain values."""
