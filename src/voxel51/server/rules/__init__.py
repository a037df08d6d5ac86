"""Rules: run analytics on new videos, as jobs of their owner."""
