"""Search over what the labels of all jobs say."""
