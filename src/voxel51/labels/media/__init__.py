"""Videos as files: opened with care, their frames numbered exactly. Needs the extra ``labels``.

- `voxel51.labels.media.containers`: open a file, or say what it is instead of a video
- `voxel51.labels.media.pictures`: one decoded frame and its pixels, the right way up
- `voxel51.labels.media.frames`: all frames of a video, in order, with their numbers and times
"""
