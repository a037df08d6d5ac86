"""Start of Ray: ``ray start``, in a process that ends with the one that started it.

Run by ``python -m voxel51.runners.ray.start PARENT OPTION…``. Otherwise a killed ``voxel51 worker start`` would leave a
node behind, and the next start would add another one on the same machine.
"""

import sys

from ray.scripts.scripts import main as run_ray

from voxel51.runners.process_control import end_with_parent


def main() -> None:
    """Run ``ray start`` with the options. Ray ends its own processes with this one."""
    end_with_parent(int(sys.argv[1]))
    sys.argv = ["ray", "start", *sys.argv[2:]]
    run_ray()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
