"""Benchmark runner: run the named benchmarks, or all, and print one table."""

import importlib
import pkgutil
import sys

import benchmarks
from benchmarks.support.figures import Figure, table


def main(names: list[str]) -> int:
    modules = pkgutil.iter_modules(benchmarks.__path__)
    known = sorted(module.name for module in modules if module.name != "__main__" and not module.ispkg)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"benchmark {unknown[0]!r} not found; choose from {', '.join(known)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or known:
        print(f"{name} …", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"benchmarks.{name}").measure()
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
