"""A made-up city for a machine that has nothing: people, units, devices and weather.

Everything happens by one seed: the same seed gives the same events, byte for byte.
"""
