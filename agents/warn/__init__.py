"""Detectors over rows of a file: what ``chengyun warn`` runs, one module per kind."""
