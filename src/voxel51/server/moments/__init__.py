"""Moments: the parts of videos in which labels are seen, found by SQL over the labels."""
