/** The picture that a video shows now, together with the time that the picture itself carries. */

/** Firefox gives its pictures the time of its clock, and not their own. */
const CARRIES_TIME = typeof VideoFrame === "function" && !("mozHasAudio" in HTMLVideoElement.prototype);

/**
 * @param {number} [told] seconds that the browser told of the picture, for those whose pictures carry no time
 * @returns {{seconds: number|undefined, source: CanvasImageSource, close: () => void}|null} null while there is no picture;
 *   without `seconds` only the video's clock tells which it is
 */
export function snapshot(video, told) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  if (CARRIES_TIME) {
    try {
      const frame = new VideoFrame(video);
      return { seconds: frame.timestamp / 1e6, source: frame, close: () => frame.close() };
    } catch {
      // Some videos give no such picture; they can be drawn all the same.
    }
  }
  return { seconds: told, source: video, close: () => {} };
}
