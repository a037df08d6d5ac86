"""Pipelines: run several analytics on a video, each with the outputs of others as inputs."""
