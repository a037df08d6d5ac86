"""Bars of tracks: the lengths and speeds by which charts sort the tracks of one job, or of many."""

LENGTH_BOUNDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Lower bounds of the bars of lengths, in seconds."""

SPEED_BOUNDS = (0.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0)
"""Lower bounds of the bars of speeds, in pixels per second."""

LONGEST_GAP_SECONDS = 1.0
"""Time without a box, after which the way of a track to its next box is not known."""
