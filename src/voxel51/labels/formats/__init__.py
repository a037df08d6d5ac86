"""Formats of other tools: `convert` writes labels of videos in them, with one module per format.

Each format gets the labels that it can represent. All formats have the objects of frames; events, attributes and
provenance are in those that have a field for them. Only the native format (`VideoLabels.to_file`) has everything.
"""

from voxel51.labels.formats.convert import FORMATS, convert

__all__ = ["FORMATS", "convert"]
