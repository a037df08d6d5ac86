"""For applications: programs with users of their own, and the client by which they serve them."""
