"""The whole thing once, on a real video: ``make demo``."""
