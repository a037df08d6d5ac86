"""What answers: the platform."""
