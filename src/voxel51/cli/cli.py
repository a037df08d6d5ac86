"""The module of the original client's command line: another name of `voxel51.cli.main`."""

from voxel51.cli.main import main

__all__ = ["main"]
