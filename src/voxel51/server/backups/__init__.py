"""Backups: copy the records, files and keys of a platform, also while it runs, and restore them."""
