"""Jobs: analytics that run on data, from the request to the output."""
