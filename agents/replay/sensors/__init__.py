"""Measured series of the world as readings of devices: benchmarks, city air, drinking water."""
