"""Multi-object tracking, which several analytics share.

- `tracker`, `kalman_filter`: assign the boxes of a frame to the tracks of earlier frames
- `interpolation`: confirm tracks and fill in the frames between observations
- `video_tracker`: detection and tracking for one video, shot by shot
"""
