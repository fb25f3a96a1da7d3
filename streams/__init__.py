"""What is decided: pure functions, no clock, no broker, no environment."""
