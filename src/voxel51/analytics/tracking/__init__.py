"""Tracking of whole videos, which several analytics share, on top of `voxel51.platform.tracking`.

- `interpolation`: confirm tracks and fill in the frames between observations
- `video_tracker`: detection and tracking for one video, shot by shot
"""
