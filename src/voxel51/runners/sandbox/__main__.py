"""``python -m voxel51.runners.sandbox``: print which sandbox this machine offers."""

from voxel51.runners.sandbox.probe import main

if __name__ == "__main__":
    main()
