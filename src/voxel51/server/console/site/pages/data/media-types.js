/** Media types of files: groups for filters, what can be viewed, and short names. */

import { term } from "../../core/query.js";

/** The groups by which the list of files is filtered: title, and the parts of media types that belong to it. */
export const MEDIA_GROUPS = {
  video: ["Videos", ["video/", "image/gif"]],
  image: ["Images", ["image/"]],
  audio: ["Audio", ["audio/"]],
  other: ["Other files", ["application/", "text/", "font/", "model/"]],
};

/** The search term for the files of a group; empty for all files. */
export const mediaTypeTerm = (group) => (MEDIA_GROUPS[group] ? term("type", ...MEDIA_GROUPS[group][1]) : "");

/** Return whether a file is a video (GIF included). */
export const isVideo = ({ type }) => type?.startsWith("video/") || type === "image/gif";

/** Return whether the viewer can show a file: a video, or an image, which it treats as a video of one frame. */
export const isViewable = ({ type }) => isVideo({ type }) || /^image\/(png|jpeg|webp)$/.test(type ?? "");

/** Return whether a file has sound and no picture. */
export const isAudio = ({ type }) => Boolean(type?.startsWith("audio/"));

/** Return whether the type says that a file is an image, a text or a document, which no analytic reads as a video. */
export const isUnreadable = ({ type }) => /^(text|font)\/|^image\/(?!gif)|^application\/(json|pdf|zip|xml|gzip)/.test(type ?? "");

/** Return a short name of the media type: `MP4`, `JSON`. */
export function typeName({ type }) {
  const name = type?.split(";")[0].split("/").at(-1) ?? "";
  if (!name || name === "octet-stream") return "unknown";
  return (NAMES[name] ?? name.replace(/^(x-|vnd\.)/, "")).toUpperCase();
}

const NAMES = { quicktime: "mov", "x-matroska": "mkv", matroska: "mkv", "x-msvideo": "avi", mp2t: "ts", plain: "text" };
