"""Fault suite: clients, faults of the platform and of what it stands on, and an independent check of what is left."""
