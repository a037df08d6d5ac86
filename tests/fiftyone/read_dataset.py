"""Run by FiftyOne's own Python: imports a dataset as FiftyOne and as COCO, and prints the boxes as JSON."""

import json
import sys
from pathlib import Path

import fiftyone as fo

fiftyone_folder, coco_folder = (Path(each) for each in sys.argv[1:])


def boxes(dataset: fo.Dataset, field: str) -> dict[str, list[list[object]]]:
    return {
        Path(sample.filepath).stem: [
            [each.label, [round(side, 3) for side in each.bounding_box]] for each in sample[field].detections
        ]
        for sample in dataset
        if sample[field] is not None
    }


native = fo.Dataset.from_dir(
    dataset_dir=str(fiftyone_folder / "train"),
    dataset_type=fo.types.FiftyOneImageDetectionDataset,
    label_field="found",
    progress=False,
)
coco = fo.Dataset.from_dir(
    dataset_type=fo.types.COCODetectionDataset,
    data_path=str(coco_folder / "images" / "train"),
    labels_path=str(coco_folder / "annotations" / "instances_train.json"),
    label_types=["detections"],
    label_field="found",
    progress=False,
)
print("READ " + json.dumps({"fiftyone": boxes(native, "found"), "coco": boxes(coco, "found")}))
