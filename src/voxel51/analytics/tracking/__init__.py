"""Following things through a video: no analytic, but what several are made of.

- `detections`: what a detector finds in one picture
- `tracker`, `motion`: which box in this frame is which thing of the frames before
- `trajectories`: from what was seen now and then to what is said about every frame
- `follower`: all of it together, for one video, shot by shot
"""
