"""Storage of bytes: files by key, on the local disk."""
