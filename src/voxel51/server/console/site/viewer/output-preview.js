/** Preview of outputs that are not labels: video, image, JSON, text. */

import { h } from "../core/dom.js";
import { address, download, send } from "../core/api.js";
import { size } from "../core/format.js";
import { button } from "../parts/form.js";
import { jsonTree } from "../parts/json-tree.js";
import { loaded } from "../parts/load.js";
import { beforeAfter } from "./before-after.js";
import { outputPath } from "./loading/sources.js";

const MAX_BYTES = 8_000_000;
const VIDEO = /\.(mp4|m4v|webm|mov)$/i;
export const PICTURE = /\.(png|jpe?g|gif|webp)$/i;
const TEXT = /\.(csv|txt|log|xml|md)$/i;

/** Return whether a file of this name may hold labels. */
export const isLabelsFile = (name) => name === "" || /\.json$/i.test(name);

/**
 * @param {string|null} [options.dataId] the video that a video output was made from; null if it was deleted
 * @param {string} [options.reason] why a JSON file could not be read as labels
 */
export function outputPreview(jobId, name, { dataId = null, reason } = {}) {
  const path = outputPath(jobId);
  return h(
    "section.output",
    { "aria-label": "Output" },
    h("div.actions", {}, h("strong", {}, name), button("Download", () => download(path), { symbol: "download" })),
    preview(path, name, dataId, reason),
  );
}

function preview(path, name, dataId, reason) {
  if (VIDEO.test(name)) return videoOutput(path, name, dataId);
  if (PICTURE.test(name)) return h("img.output-picture", { src: address(path), alt: name });
  if (isLabelsFile(name)) return json(path, reason);
  if (TEXT.test(name)) return text(path);
  return h("p.muted", {}, "There is no preview for this type of file. Download it instead.");
}

function videoOutput(path, name, dataId) {
  const video = h("video.output-video", { src: address(path), controls: true, playsinline: true, preload: "metadata", "aria-label": name });
  return dataId ? beforeAfter(video, dataId) : video;
}

function json(path, reason) {
  return limited(path, async (response) => {
    const content = await response.text();
    try {
      return h("div.json-root", {}, jsonTree(JSON.parse(content)));
    } catch {
      return [h("p.warning", {}, `This file is not valid JSON${reason ? `: ${reason}` : "."}`), h("pre", { tabindex: "0", "aria-label": "Text" }, content)];
    }
  });
}

const text = (path) => limited(path, async (response) => h("pre", { tabindex: "0", "aria-label": "Text" }, await response.text()));

/** Fetch a file and pass it to `show`, unless it is too large for a preview. */
function limited(path, show) {
  return loaded(async (signal) => {
    const response = await send("GET", path, { signal });
    const bytes = Number(response.headers.get("content-length"));
    if (bytes <= MAX_BYTES) return show(response);
    await response.body?.cancel();
    return h("p.muted", {}, `This file is too large for a preview (${size(bytes)}). Download it instead.`);
  }, (node) => node);
}
