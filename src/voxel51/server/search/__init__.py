"""Label search: find the jobs whose labels match, and where in the video."""
