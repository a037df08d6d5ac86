"""Labels of videos as other tools read them: `convert` writes them, one file of this folder a format.

Every format gets what it has a place for. What is found in frames goes into all of them; events, attributes and
provenance into those that have such things. The native form (`VideoLabels.to_file`) alone has everything.
"""

from voxel51.labels.formats.convert import FORMATS, convert

__all__ = ["FORMATS", "convert"]
