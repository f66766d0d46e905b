"""Virtual devices that speak to a door in real time, and measure what comes back.

One process, one event loop, and one timer for the frames of all devices: the load
generator shares the machine with the server that it measures, so it must be cheap, and
it says how late it was itself.
"""
