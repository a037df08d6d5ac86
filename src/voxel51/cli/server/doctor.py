"""``voxel51 server status`` and ``voxel51 server doctor``: check a platform."""

import argparse
import json
from dataclasses import asdict

from voxel51.cli.server.shared import add_folder, guarded, settings

_MARKS = {"ok": "ok  ", "warning": "WARN", "failure": "FAIL"}


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    status = verbs.add_parser("status", help="show whether the platform is running, and its address")
    doctor = verbs.add_parser("doctor", help="check the installation and recommend fixes")
    for parser, run in ((status, _status), (doctor, _doctor)):
        add_folder(parser)
        parser.add_argument("--json", action="store_true", help="print the result as one JSON document")
        parser.set_defaults(run=guarded(run))


def _status(options: argparse.Namespace) -> int:
    from voxel51.server.data_folder import running_url

    url = running_url(settings(options).folder)
    if options.json:
        print(json.dumps({"running": url is not None, "url": url}))
    else:
        print("The platform is not running" if url is None else f"The platform is running at {url}")
    return 0 if url is not None else 1


def _doctor(options: argparse.Namespace) -> int:
    from voxel51.server.doctor import Verdict, examine

    findings = []
    for finding in examine(settings(options)):
        findings.append(finding)
        if not options.json:
            text = "; ".join(filter(None, (finding.text, finding.advice)))
            print(f"{_MARKS[finding.verdict]}  {finding.subject}: {text}", flush=True)
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    return 1 if any(finding.verdict is Verdict.FAILURE for finding in findings) else 0
