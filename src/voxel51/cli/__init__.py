"""The command `voxel51`: one file a noun."""
