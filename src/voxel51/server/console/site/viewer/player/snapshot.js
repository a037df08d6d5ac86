/** Snapshots: the current picture of a video element, together with the picture's own timestamp. */

/** Firefox sets the timestamp of a `VideoFrame` from its clock instead of the frame, so it cannot be used there. */
const CARRIES_TIME = typeof VideoFrame === "function" && !("mozHasAudio" in HTMLVideoElement.prototype);

/**
 * @param {number} [mediaTime] seconds reported by `requestVideoFrameCallback`, for browsers without usable timestamps
 * @returns {{seconds: number|undefined, source: CanvasImageSource, close: () => void}|null} null while there is no picture;
 *   without `seconds` only `video.currentTime` tells which frame it is
 */
export function snapshot(video, mediaTime) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  if (CARRIES_TIME) {
    try {
      const frame = new VideoFrame(video);
      return { seconds: frame.timestamp / 1e6, source: frame, close: () => frame.close() };
    } catch {
      // Some videos cannot be captured as a VideoFrame, but can be drawn directly.
    }
  }
  return { seconds: mediaTime, source: video, close: () => {} };
}
