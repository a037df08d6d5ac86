"""Client for applications: programs with users of their own, for which they call the platform."""
