"""Analytics: the catalogue of installed and uploaded analytics, and their container images."""
