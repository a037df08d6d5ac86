"""Run by FiftyOne's own Python: loads labels into a dataset, and prints what is in it as JSON."""

import json
import sys
from pathlib import Path

import fiftyone as fo
from voxel51.labels.formats.fiftyone import to_fiftyone

dataset = fo.Dataset()
for labels, video in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    dataset.add_sample(to_fiftyone(Path(labels), Path(video)))
dataset.compute_metadata(progress=False)


def boxes(frame: fo.Frame) -> list[list[object]]:
    found = frame["detections"].detections if frame.has_field("detections") and frame["detections"] else []
    return [[each.label, each.index, [round(side, 4) for side in each.bounding_box], each.confidence] for each in found]


def events(sample: fo.Sample) -> list[list[object]]:
    found = sample["events"].detections if sample.has_field("events") and sample["events"] else []
    return [[each.label, each.support] for each in found]


read = [
    {
        "video": sample.filepath,
        "frame_count": sample.metadata.total_frame_count,
        "frames": {frame.frame_number: boxes(frame) for frame in sample.frames.values()},
        "events": events(sample),
    }
    for sample in dataset
]
print("READ " + json.dumps({"samples": len(dataset), "read": read}))
