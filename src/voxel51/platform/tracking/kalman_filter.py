"""Kalman filter that predicts the box of a track at constant velocity.

Centre, width and height each have a position and a velocity. Their noises are independent, so the usual filter of eight
dimensions (N. Wojke et al., "Simple Online and Realtime Tracking with a Deep Association Metric", 2017) separates into
four of two dimensions, which are computed side by side.
"""

import copy

import numpy as np
from numpy.typing import NDArray

from voxel51.platform.tracking.detections import Floats

_Doubles = NDArray[np.float64]

POSITION_NOISE = 1 / 20
"""Standard deviation of a detected position, as a share of the box's height."""

VELOCITY_NOISE = 1 / 160
"""Standard deviation of the change of a velocity per frame, as a share of the box's height."""


class BoxKalmanFilter:
    """State of one box. Boxes are left, top, right, bottom in pixels; time is counted in frames."""

    def __init__(self, box: Floats) -> None:
        self._position = _measured(box)
        self._velocity = np.zeros(4)
        spread = self._height()
        self._variance = np.full(4, (2 * POSITION_NOISE * spread) ** 2)  # of positions
        self._velocity_variance = np.full(4, (10 * VELOCITY_NOISE * spread) ** 2)
        self._covariance = np.zeros(4)  # of positions with their velocities

    def predict(self, frames: int) -> None:
        """Advance the state by ``frames`` frames."""
        self._position = self._position + frames * self._velocity
        spread = self._height()
        self._variance = (
            self._variance
            + 2 * frames * self._covariance
            + frames**2 * self._velocity_variance
            + frames * (POSITION_NOISE * spread) ** 2
        )
        self._covariance = self._covariance + frames * self._velocity_variance
        self._velocity_variance = self._velocity_variance + frames * (VELOCITY_NOISE * spread) ** 2

    def update(self, box: Floats) -> None:
        """Correct the state by an observed box."""
        innovation = _measured(box) - self._position
        total = self._variance + (POSITION_NOISE * self._height()) ** 2
        gain, velocity_gain = self._variance / total, self._covariance / total
        self._position = self._position + gain * innovation
        self._velocity = self._velocity + velocity_gain * innovation
        self._velocity_variance = self._velocity_variance - velocity_gain * self._covariance
        self._covariance = self._covariance * (1 - gain)
        self._variance = self._variance * (1 - gain)

    def copy(self) -> "BoxKalmanFilter":
        """Return a copy. Arrays are never changed in place, so it is cheap."""
        return copy.copy(self)

    def box(self) -> Floats:
        """Return the predicted box."""
        x, y, width, height = self._position
        width, height = max(width, 1.0), max(height, 1.0)
        return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2], np.float32)

    def _height(self) -> float:
        return max(float(self._position[3]), 1.0)


def _measured(box: Floats) -> _Doubles:
    left, top, right, bottom = (float(side) for side in box)
    return np.array([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top])
