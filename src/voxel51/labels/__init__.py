"""Labels of videos and images: read, write, validate, merge, convert and draw them.

- `voxel51.labels.video`, `voxel51.labels.image`: VideoLabels and ImageLabels
- `voxel51.labels.writer`: write the labels of a video of any length frame by frame
- `voxel51.labels.validate`: list every problem of a document
- `voxel51.labels.merge`: join several sets of labels of one video
- `voxel51.labels.formats`, `voxel51.labels.readers`: convert to and from the formats of other tools
- `voxel51.labels.media`, `voxel51.labels.draw`, `voxel51.labels.contact_sheet`: pixels; they need the extra ``labels``
"""
