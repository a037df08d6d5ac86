"""Prints what all pytest runs of a CI run counted together, and fails if anything did.

Usage: sum_reports.py FOLDER_OF_JUNIT_FILES [NAME_OF_FAILED_STAGE ...]

A test that failed and passed when it ran again counts as passed, and is named.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree


def main(folder: Path, failed_stages: list[str]) -> int:
    """Returns the exit code: 1 when a test or a stage failed, or when no test ran at all."""
    outcomes: dict[str, str] = {}
    unstable = []
    # `tests.xml` comes before `tests-again.xml`.
    for report in sorted(folder.glob("*.xml"), key=lambda path: path.stem):
        for test, outcome in _read(report):
            if outcomes.get(test) == "failed" and outcome == "passed":
                unstable.append(test)
            outcomes[test] = outcome
    count = {each: list(outcomes.values()).count(each) for each in ("passed", "failed", "skipped")}
    _print_list("passed only when run again", unstable)
    _print_list("failed", [test for test, outcome in outcomes.items() if outcome == "failed"])
    if failed_stages:
        print(f"\nstages that failed: {', '.join(failed_stages)}")
    print(f"\n{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or failed_stages or not count["passed"] else 0


def _read(report: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and outcome of each test of a report. A test has a second entry where its clean-up failed."""
    outcomes: dict[str, str] = {}
    try:
        cases = ElementTree.parse(report).getroot().iter("testcase")
    except ElementTree.ParseError:  # its stage was killed while pytest wrote; that counts as a failed stage
        return
    for case in cases:
        test = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes[test] = "failed"
        else:
            outcomes.setdefault(test, "skipped" if case.find("skipped") is not None else "passed")
    yield from outcomes.items()


def _print_list(title: str, tests: list[str]) -> None:
    if tests:
        print("\n" + "\n  ".join([f"{title}:", *tests]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
