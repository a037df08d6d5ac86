"""Ways to run an attempt; each implements `voxel51.server.engine.runner.Runner`."""
