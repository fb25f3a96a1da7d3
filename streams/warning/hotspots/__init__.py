"""Hotspots: places of a city where more happens than the rest of the city explains."""
