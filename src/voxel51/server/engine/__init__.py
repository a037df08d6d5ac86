"""Job engine: dispatcher, launch specifications, runners, and the cleanup of expired data."""
