"""Image-to-video analytics: images that label single frames of a video.

- `voxel51.image2video.core`: the original SDK in such an image; it reads the frames and writes the labels
- `voxel51.image2video.frame_job`: the platform's side; it extracts the frames and judges the labels
"""
