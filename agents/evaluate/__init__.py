"""How well the detectors warn: what ``chengyun evaluate`` runs, one module per question."""
