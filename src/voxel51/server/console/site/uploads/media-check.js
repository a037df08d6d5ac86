/** Check of files before they are sent: whether their name or first bytes say that they are not video, image or audio. */

const HEAD_BYTES = 512;
const TEXT_SHARE = 0.97;

/** First bytes of files that are not media, and the name of their type. Video players open none of them. */
const SIGNATURES = [
  ["%PDF", "a PDF document"],
  ["PK\u0003\u0004", "a ZIP archive or an office document"],
  ["\u001f\u008b", "a gzip archive"],
  ["7z\u00bc\u00af", "a 7z archive"],
  ["Rar!", "a RAR archive"],
  ["\u007fELF", "a program"],
  ["MZ", "a program"],
  ["#EXTM3U", "a playlist, which names other files"],
];
const MEDIA = /^(video|image|audio)\//;

/** Extensions of media for which browsers know no type. */
const MEDIA_NAME = /\.(mp4|m4v|mov|mkv|webm|avi|ts|mts|m2ts|mpg|mpeg|flv|wmv|mxf|ogv|3gp|dv|h264|h265|hevc|gif|png|jpe?g|webp|bmp|tiff?|mp3|m4a|wav|flac|aac|ogg|opus)$/i;

/** Return whether the name or the type that the browser derives from it says that a file is media. */
export const isNamedMedia = ({ name, type }) => MEDIA.test(type) || MEDIA_NAME.test(name);

/**
 * Return what a file is if it is not media, as a sentence; an empty text otherwise.
 *
 * Only the first bytes are read. A damaged video passes; the platform finds out when it decodes the file.
 *
 * @param {File} file
 */
export async function notMediaReason(file) {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (head.length === 0) return "This file is empty.";
  const start = String.fromCharCode(...head.subarray(0, 8));
  const found = SIGNATURES.find(([signature]) => start.startsWith(signature));
  const kind = found?.[1] ?? (isText(head) ? "a text file" : isNamedMedia(file) ? null : "a file of another type");
  return kind ? `Not a video, image or audio file: this is ${kind}.` : "";
}

/** Return whether bytes are text: next to no control characters, and no zeros. Containers of media begin with binary numbers. */
function isText(bytes) {
  const readable = bytes.reduce((sum, byte) => sum + (byte >= 32 || (byte >= 9 && byte <= 13) ? 1 : 0), 0);
  return !bytes.includes(0) && readable / bytes.length >= TEXT_SHARE && isUtf8(bytes);
}

function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true }); // the last character may be cut off
    return true;
  } catch {
    return false;
  }
}
