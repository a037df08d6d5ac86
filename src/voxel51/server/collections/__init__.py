"""Collections: named sets of data that their owner shares with other users, and saved searches."""
