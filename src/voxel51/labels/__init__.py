"""What analytics say about videos and images: read, write, validate, merge, draw.

- `voxel51.labels.video`, `voxel51.labels.image`: VideoLabels and ImageLabels
- `voxel51.labels.writer`: labels of a video of any length, written frame by frame
- `voxel51.labels.validate`: everything wrong with a document
- `voxel51.labels.merge`: several sets of labels of one video made one
- `voxel51.labels.media`, `voxel51.labels.draw`, `voxel51.labels.contact_sheet`: pixels; they need the extra ``labels``
"""
