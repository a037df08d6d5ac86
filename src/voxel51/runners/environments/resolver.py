"""Resolver: pin the requirements of a source, and all that they require, with hashes: its lock."""

import re

from voxel51.runners.environments.errors import BuildError
from voxel51.runners.environments.projects import Project, Requirement, normalised
from voxel51.runners.environments.sandboxed_command import CommandFolder, LimitExceeded, Log
from voxel51.runners.environments.sdk import DISTRIBUTION, Sdk
from voxel51.runners.environments.uv import Uv, UvRun

MAXIMUM_LOCK_BYTES = 4 << 20

_REQUIREMENTS, _CONSTRAINTS, _LOCK = "requirements.in", "constraints.txt", "requirements.lock"
_OPTIONS = ("--generate-hashes", "--no-header", "--no-annotate", "--quiet", "--output-file", _LOCK)
_POSITION = re.compile(r"requirements\.in`? at position (\d+)|requirements\.in:(\d+):\d+")


def resolve(project: Project, folder: CommandFolder, uv: Uv, sdk: Sdk, log: Log) -> str:
    """Return the lock of a project: one pinned package with hashes per line; empty if it needs only the SDK.

    Raises:
        BuildError: the requirements are invalid, contradict each other or the SDK, or are not on the index.
        BuildUnavailable: the package index does not answer, or uv could not run.
    """
    if all(requirement.name in sdk.versions and _is_bare(requirement) for requirement in project.requirements):
        return ""
    folder.write(_REQUIREMENTS, "".join(f"{requirement.text}\n" for requirement in project.requirements))
    folder.write(_CONSTRAINTS, sdk.constraints)
    of_sdk = [option for name in sdk.versions for option in ("--no-emit-package", name)]
    arguments = ["compile", _REQUIREMENTS, "--constraints", _CONSTRAINTS, *_OPTIONS, *of_sdk]
    try:
        run = uv.run(folder, arguments, log)
    except LimitExceeded as error:
        raise BuildError(f"the requirements could not be resolved: {error}") from None
    problem = uv.index_problem(run)
    if problem is not None:
        raise problem
    if run.code != 0:
        raise _failure(run, project, sdk)
    return folder.read(_LOCK, MAXIMUM_LOCK_BYTES)


def _is_bare(requirement: Requirement) -> bool:
    """Return whether a requirement has no condition that needs a resolution: a name, for this project with ``sdk``."""
    names = {requirement.name, f"{DISTRIBUTION}[sdk]", f"{DISTRIBUTION}[labels]"}
    return normalised(requirement.text) in names or requirement.text in names


def _failure(run: UvRun, project: Project, sdk: Sdk) -> BuildError:
    text = run.error
    found = _culprit(text, project)
    message = f"the requirements could not be resolved: {text}"
    named = [name for name in sdk.versions if re.search(rf"\b{re.escape(name)}\b", text)]
    if named:
        versions = ", ".join(f"{name} {sdk.versions[name]}" for name in named)
        message += f"\nThe platform's SDK provides {versions}: leave its version open, or allow this one."
    return BuildError(message, found.file if found else None, found.line if found else None)


def _culprit(text: str, project: Project) -> Requirement | None:
    """Return the requirement that an error of uv is about; None if that is not known."""
    place = _POSITION.search(text)
    if place is not None:
        return _at(project, place)
    words = set(re.findall(r"[A-Za-z0-9][A-Za-z0-9._-]*", text))
    names = {normalised(word.rstrip(".")) for word in words}
    return next((requirement for requirement in project.requirements if requirement.name in names), None)


def _at(project: Project, place: "re.Match[str]") -> Requirement | None:
    line = int(place.group(2)) - 1 if place.group(2) else 0
    if place.group(1):
        text = "".join(f"{requirement.text}\n" for requirement in project.requirements)
        line = text.encode()[: int(place.group(1))].count(b"\n")
    return project.requirements[line] if line < len(project.requirements) else None
