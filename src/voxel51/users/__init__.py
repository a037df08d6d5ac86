"""For people: the client of a user."""
