"""What this machine does with the backbone: figures that can be repeated and compared."""
