"""Datasets: named sets of jobs whose labels are exported as one archive."""
