"""Client for users: the API client, job requests, queries and tokens."""
