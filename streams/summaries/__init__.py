"""Summing up a desk's work: counts per unit, the rates that follow, and the periods."""
