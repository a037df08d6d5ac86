/** Kinds of files, told by their media types. */

import { term } from "../../core/query.js";

/** The kinds among which lists are filtered: name, title, and what is searched for in the media type. */
export const KINDS = {
  video: ["Videos", ["video/", "image/gif"]],
  image: ["Pictures", ["image/"]],
  other: ["Other files", ["application/", "text/", "audio/", "font/", "model/"]],
};

/** The term of a search for files of `kind`; empty for all. */
export const kindTerm = (kind) => (KINDS[kind] ? term("type", ...KINDS[kind][1]) : "");

/** Whether a file has frames that move, by its media type. */
export const isVideo = ({ type }) => type?.startsWith("video/") || type === "image/gif";

/** Whether a file can be looked at: a video, or a picture, which is a video of one frame. */
export const isSeen = ({ type }) => isVideo({ type }) || /^image\/(png|jpeg|webp)$/.test(type ?? "");

/** What to call the media type: `MP4`, `JSON`. */
export function typeName({ type }) {
  const name = type?.split(";")[0].split("/").at(-1) ?? "";
  if (!name || name === "octet-stream") return "unknown";
  return (NAMES[name] ?? name.replace(/^(x-|vnd\.)/, "")).toUpperCase();
}

const NAMES = { quicktime: "mov", "x-matroska": "mkv", matroska: "mkv", "x-msvideo": "avi", mp2t: "ts", plain: "text" };
