"""Benchmark runner: run the named benchmarks, or all, and print one table.

With ``--guard``, measure only the limits that CI holds (`benchmarks.support.guards`), and fail if one is exceeded.
"""

import importlib
import pkgutil
import sys
from types import ModuleType

import benchmarks
from benchmarks.support import guards
from benchmarks.support.figures import Figure, table

GUARD = "--guard"


def main(arguments: list[str]) -> int:
    names = [argument for argument in arguments if argument != GUARD]
    modules = pkgutil.iter_modules(benchmarks.__path__)
    known = sorted(module.name for module in modules if module.name != "__main__" and not module.ispkg)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"benchmark {unknown[0]!r} not found; choose from {', '.join(known)}", file=sys.stderr)
        return 2
    chosen = [importlib.import_module(f"benchmarks.{name}") for name in names or known]
    return _guard(chosen) if GUARD in arguments else _measure(chosen)


def _measure(chosen: list[ModuleType]) -> int:
    figures: list[Figure] = []
    for module in chosen:
        print(f"{module.__name__} …", file=sys.stderr, flush=True)
        figures += module.measure()
    print(table(figures))
    return 0


def _guard(chosen: list[ModuleType]) -> int:
    limits = [limit for module in chosen if hasattr(module, "guard") for limit in module.guard()]
    print(guards.table(limits))
    return 0 if all(limit.is_kept for limit in limits) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
