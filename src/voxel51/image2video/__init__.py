"""Original SDK for image-to-video analytics: frames in a folder, labels of each frame in one file.

`voxel51.image2video.core` reads the frames that the platform has extracted, and writes the labels that it collects.
"""
