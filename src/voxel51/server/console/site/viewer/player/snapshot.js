/** The picture that a video shows now, together with the time that the picture itself carries. */

/**
 * @param {number} [told] seconds that the browser told of the picture, for browsers whose pictures carry no time
 * @returns {{seconds: number, source: CanvasImageSource, close: () => void}|null} null while there is no picture
 */
export function snapshot(video, told) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  if (typeof VideoFrame === "function") {
    try {
      const frame = new VideoFrame(video);
      return { seconds: frame.timestamp / 1e6, source: frame, close: () => frame.close() };
    } catch {
      return null; // there will be another callback when there is one
    }
  }
  return { seconds: told ?? video.currentTime, source: video, close: () => {} };
}
