"""Assignment of boxes to tracks: the linear assignment problem, solved by scipy, which not every installation has."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def _solver() -> Callable[..., Any] | None:
    try:
        from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (tried again by `require_scipy`)
    except ModuleNotFoundError:
        return None
    solver: Callable[..., Any] = linear_sum_assignment
    return solver


# Made with this module and not on first use: the process that starts jobs then has scipy in memory.
_solve = _solver()


def require_scipy() -> None:
    """Raise `ModuleNotFoundError` if scipy is not installed; the text says how to install it.

    In the job of a bundle, the packages of the bundle can be imported only after this module was.
    """
    global _solve  # noqa: PLW0603  (a cache of this module)
    _solve = _solve or _solver()
    if _solve is None:
        raise ModuleNotFoundError(
            "tracking needs scipy: pip install 'voxel51-platform[tracking]', or name voxel51-platform[tracking] among "
            "the dependencies of the bundle"
        )


def assign(worth: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and the columns of the pairs with the greatest total ``worth`` [R, C], min(R, C) of each.

    Raises:
        ModuleNotFoundError: scipy is not installed.
    """
    require_scipy()
    assert _solve is not None  # noqa: S101  (required above)
    rows, columns = _solve(worth, maximize=True)
    return rows, columns
