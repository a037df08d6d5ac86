"""Video and audio files: decode, number and encode frames. Needs the extra ``labels``.

- `voxel51.labels.media.containers`: open a file as a video, or report what else it is
- `voxel51.labels.media.video_reader`: decode all frames of a video, in order, with their numbers and times
- `voxel51.labels.media.frame`: one decoded frame and its pixels, in display orientation
- `voxel51.labels.media.frame_index`: the time of each frame
- `voxel51.labels.media.packet_index`: the frames of a video from its packets, to begin decoding at a keyframe
- `voxel51.labels.media.still_images`: single frames, posters and thumbnail sheets
- `voxel51.labels.media.video_writer`, `voxel51.labels.media.audio_transcoder`: write H.264 and AAC in MP4
- `voxel51.labels.media.playable`: convert a video, or a range of it, to a form that every browser plays
- `voxel51.labels.media.audio_reader`: the audio of a file as samples
"""

from collections.abc import Callable

from voxel51.labels.extras import require

require("labels", "av", "cv2", "numpy")

ProgressCallback = Callable[[int, int | None], None]
"""Callback that is called after every frame: number of frames done, and the total where it is known."""
