"""The `voxel51` command line: one module per noun."""
