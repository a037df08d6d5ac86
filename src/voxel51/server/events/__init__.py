"""What happened to jobs, in order, for whoever wants to follow it."""
