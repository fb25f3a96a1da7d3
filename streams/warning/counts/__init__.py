"""More reports than a street, a kind and an hour should have: counts against their own past.

Each series (an area and a kind) learns its level and rhythm from itself, says how
surprising each closed bin is, and how surprising the last bins are together.
"""
