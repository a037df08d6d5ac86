"""Metrics of the platform in the format of Prometheus."""
