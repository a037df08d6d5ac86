"""The server: the platform that stores data, runs jobs and serves the REST API and the console."""
