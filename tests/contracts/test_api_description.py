"""API description (slow): generated requests, valid and invalid, get the responses that the platform describes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from demo.platform_process import PlatformProcess
from support.accounts import Application, User
from support.platforms import new_platform, running

# Left out: `positive_data_acceptance`, since no schema says that a date lies in the future or that data exists; and
# `negative_data_rejection`, since forms and query strings turn every wrong type into text, which is right again.
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "missing_required_header", "unsupported_method", "allow_header_conformance",
    "use_after_free", "ensure_resource_availability",
]  # fmt: skip
SEED = os.environ.get("SEED", "1")
EXAMPLES = os.environ.get("EXAMPLES", "4" if os.environ.get("CI") else "15")
"""Maximum number of generated requests for each route, phase and caller; 15 take half an hour of processor time."""

# The phase `coverage` takes most of the time, and finds the same for every caller: it checks how requests are read.
ALL_PHASES = "examples,coverage,fuzzing,stateful"
RANDOM_PHASES = os.environ.get("PHASES", "examples,fuzzing,stateful")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("description")
    with running(new_platform(folder / "data")) as platform:
        application = Application.create(platform, folder)
        headers = application.headers()
        requests.post(f"{application.v1}/apps/users", json={"username": "u"}, headers=headers, timeout=20)
        yield platform, User.create(platform, folder), application


def generate(
    platform: PlatformProcess, headers: dict[str, str], folder: Path, *more_checks: str, phases: str = RANDOM_PHASES
) -> None:
    options = [argument for name, value in headers.items() for argument in ("-H", f"{name}: {value}")]
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{platform.url}/openapi.json", *options,
        "--checks", ",".join([*CHECKS, *more_checks]), "--max-examples", EXAMPLES, "--seed", SEED, "--no-color",
        "--continue-on-failure",
        "--phases", phases, "--exclude-path", "/events",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, f"{done.stdout[-12_000:]}\n{platform.tail()}"
    assert "generated" in done.stdout


def test_responses_to_a_user_match_the_description(callers, tmp_path):
    platform, user, _ = callers
    generate(platform, user.headers, tmp_path, "ignored_auth", phases=ALL_PHASES)


def test_responses_to_an_application_match_the_description(callers, tmp_path):
    platform, _, application = callers
    # Without `ignored_auth`, as below: some routes accept a user's credential too, and ignore an invalid one.
    generate(platform, application.headers(), tmp_path)


def test_responses_to_an_applications_user_match_the_description(callers, tmp_path):
    platform, _, application = callers
    # Without `ignored_auth`: it spoils one credential of several, and the others are still good.
    generate(platform, application.headers("u"), tmp_path)


def test_responses_without_credential_match_the_description(callers, tmp_path):
    generate(callers[0], {}, tmp_path)


def test_platform_logged_no_traceback(callers):
    assert "Traceback" not in callers[0].log.read_text()
