"""Runners: ways to execute an attempt. Each implements `voxel51.server.engine.runner.Runner`."""
