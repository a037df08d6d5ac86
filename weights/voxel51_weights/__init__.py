"""Weights of the built-in analytics of voxel51-platform, one folder per analytic, each with its NOTICE."""
