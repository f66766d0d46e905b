"""Virtual devices that speak to a server and measure what comes back."""
