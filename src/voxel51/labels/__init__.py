"""What analytics say about videos and images: read, write, validate, merge, draw."""
