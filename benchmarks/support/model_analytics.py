"""Analytics that load the face detection model and run it once; the platform may keep the model of one of them."""

from importlib import resources
from typing import Any

import numpy as np

from voxel51.platform import analytic


class _Model:
    """Run a model once."""

    def setup(self) -> None:
        from voxel51.analytics.sessions import create_session  # noqa: PLC0415  (starts a thread)

        folder = resources.files("voxel51.analytics.face_detection")
        self.session: Any = create_session(folder.joinpath("centerface.onnx").read_bytes())

    def process(self) -> dict:  # type: ignore[type-arg]  # as authors write it
        """Return the number of outputs."""
        image = np.zeros((1, 3, 64, 64), np.float32)
        return {"outputs": len(self.session.run(None, {self.session.get_inputs()[0].name: image}))}


cold = analytic(version="1.0", name="cold-model", preload=["numpy"])(_Model)
warm = analytic(version="1.0", name="warm-model", preload=["numpy"], warm=True)(_Model)
