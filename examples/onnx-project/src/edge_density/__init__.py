"""Edge density: an analytic with an ONNX model, which is loaded once and gets several frames at a time."""

from pathlib import Path

import numpy as np

from voxel51.platform import Video, VideoLabelsWriter, analytic

MODEL = Path(__file__).with_name("edges.onnx")
"""Sobel filters as a network: uint8 [N, H, W, 3] to the mean strength of edges [N]. `make_model.py` writes it."""

BATCH = 8


@analytic(version="1.0.0", preload=["av", "numpy"], source="Sobel filters", licence="Apache-2.0")
class EdgeDensity:
    """Measure how many edges each frame has: blurred and empty frames have few."""

    def setup(self) -> None:
        """Load the model, before the first video."""
        import onnxruntime  # here, because it starts threads

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])

    def process(self, video: Video, labels: VideoLabelsWriter) -> None:
        """Measure one video.

        Args:
            video: the video.
            labels: the number `edges` of each frame, from 0 to 255.
        """
        for frames, images in video.batches(BATCH):
            (edges,) = self.session.run(None, {"images": images})
            for frame, strength in zip(frames, np.round(edges, 2), strict=True):
                labels.add_frame_attributes(frame, edges=float(strength))
