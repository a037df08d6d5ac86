"""Analytics run on data: from a request to its output."""
