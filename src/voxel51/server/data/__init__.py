"""The files that people upload and jobs read."""
