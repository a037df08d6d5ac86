"""What can be made of data and results to look at them, or to read them elsewhere: made once, on demand, and kept."""
