"""The whole city on this machine: broker, stages, input, board, and a clean end."""
