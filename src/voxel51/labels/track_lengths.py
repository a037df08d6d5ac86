"""Track lengths: the bars into which charts sort the tracks of one job, or of many."""

LENGTH_BOUNDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Lower bounds of the bars, in seconds."""
