"""Options of ``sbatch`` that operators may add: a list of those that change where and when a Slurm job runs."""

import re
import shlex
from collections.abc import Sequence

ALLOWED = frozenset(
    {
        "comment", "constraint", "error", "exclude", "exclusive", "gres", "licenses", "mem", "nice", "nodelist",
        "output", "oversubscribe", "priority", "qos", "reservation", "switches", "time", "tmp", "wckey",
    }
)  # fmt: skip
"""Permitted options. Others would change what runs, how many times, or what the platform needs to follow its jobs, as
``--clusters`` would: the platform lists and cancels jobs of the default cluster only."""

_NAME = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*(?:,[A-Za-z0-9_.][A-Za-z0-9_.-]*)*")


def parse_options(text: str) -> Sequence[str]:
    """Return the options in ``text``, which is split at spaces as a shell does.

    Raises:
        ValueError: one is not permitted; the text names it.
    """
    try:
        options = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"slurm_options is {text!r}: {error}") from None
    for option in options:
        name = option.partition("=")[0]
        if not name.startswith("--") or name[2:] not in ALLOWED:
            permitted = ", ".join(f"--{each}" for each in sorted(ALLOWED))
            raise ValueError(
                f"slurm_options has {option!r}; it may have these, each written --NAME or --NAME=VALUE: {permitted}"
            )
    return options


def check_name(setting: str, value: str) -> None:
    """Check the name of a partition or an account, or a list of such names with commas; empty is permitted.

    Raises:
        ValueError: it has other characters than names have; the text names the setting.
    """
    if value and not _NAME.fullmatch(value):
        raise ValueError(f"{setting} is {value!r}; it must consist of letters, digits and the characters _ . - ,")
