"""Datasets: the labels of several videos, with or without images, in one archive that training tools read.

- `voxel51.labels.datasets.export`: write a dataset, or estimate its size
- `voxel51.labels.datasets.layouts`: the files of each format
- `voxel51.labels.datasets.splits`: the parts (train, val, test) of a dataset
"""
