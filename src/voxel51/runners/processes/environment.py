"""Child environments: the variables that a Python interpreter needs, besides the five variables of a job."""

import os
import site
from collections.abc import Mapping, Sequence
from pathlib import Path

PASSED_ON = ("PATH", "LANG", "LANGUAGE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH")
PASSED_ON_PREFIX = "LC_"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def interpreter_environment(folder: Path, threads: int, module_folders: Sequence[Path] = ()) -> dict[str, str]:
    """Return the variables of a Python process that keeps its home and temporary files in ``folder``.

    Only listed variables of this process are passed on, so that no secret of the server reaches a job.

    Args:
        folder: home and temporary folder of the process.
        threads: number of threads of each numeric library.
        module_folders: folders that are searched for modules before the interpreter's own.
    """
    own = os.environ
    passed_on = {name: own[name] for name in own if name in PASSED_ON or name.startswith(PASSED_ON_PREFIX)}
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", **passed_on}
    environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    environment |= {"HOME": str(folder), "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    if site.ENABLE_USER_SITE:
        # Python finds user-installed packages through HOME, which is another folder in the child.
        environment["PYTHONUSERBASE"] = site.getuserbase()
    if module_folders:
        environment["PYTHONPATH"] = _joined(module_folders, environment)
    return environment


def _joined(module_folders: Sequence[Path], environment: Mapping[str, str]) -> str:
    inherited = [environment["PYTHONPATH"]] if "PYTHONPATH" in environment else []
    return os.pathsep.join([*map(str, module_folders), *inherited])
