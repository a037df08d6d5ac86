"""Prints what all pytest runs of a CI run counted together, and fails if anything did.

Usage: sum_reports.py FOLDER_OF_JUNIT_FILES [NAME_OF_FAILED_STAGE ...]
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def main(folder: Path, failed_stages: list[str]) -> int:
    """Returns the exit code: 1 when a test or a stage failed, or when no test ran at all."""
    counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for report in sorted(folder.glob("*.xml")):
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            for name in counts:
                counts[name] += int(suite.get(name, 0))
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    if failed_stages:
        print(f"\nstages that failed: {', '.join(failed_stages)}")
    print(f"\n{passed} passed, {failed} failed, {counts['skipped']} skipped")
    return 1 if failed or failed_stages or not passed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
