"""Assignment of boxes to tracks: the linear assignment problem, solved by scipy, which not every installation has."""

import numpy as np
from numpy.typing import NDArray

try:
    # Imported with this module and not on first use: the process that starts jobs then has it in memory.
    from scipy.optimize import linear_sum_assignment
except ModuleNotFoundError:
    linear_sum_assignment = None


def require_scipy() -> None:
    """Raise `ModuleNotFoundError` if scipy is not installed; the text says how to install it."""
    if linear_sum_assignment is None:
        raise ModuleNotFoundError("tracking needs scipy: pip install 'voxel51-platform[tracking]'")


def assign(worth: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows and the columns of the pairs with the greatest total ``worth`` [R, C], min(R, C) of each.

    Raises:
        ModuleNotFoundError: scipy is not installed.
    """
    require_scipy()
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return rows, columns
