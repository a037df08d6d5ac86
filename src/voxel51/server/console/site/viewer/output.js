/** Outputs that are no labels: shown as it suits their kind. */

import { h } from "../core/dom.js";
import { address, download, send } from "../core/api.js";
import { size } from "../core/format.js";
import { button } from "../parts/form.js";
import { jsonTree } from "../parts/json.js";
import { loaded } from "../parts/load.js";
import { outputPath } from "./reading/sources.js";

const MOST_BYTES = 8_000_000;
const VIDEO = /\.(mp4|m4v|webm|mov)$/i;
const PICTURE = /\.(png|jpe?g|gif|webp)$/i;
const TEXT = /\.(csv|txt|log|xml|md)$/i;

/** Whether a file of this name may hold labels. */
export const isLabelsFile = (name) => name === "" || /\.json$/i.test(name);

/** @param {string} [why] it is no labels, where it looked like them */
export function otherOutput(jobId, name, why) {
  const path = outputPath(jobId);
  return h(
    "section.output",
    { "aria-label": "Output" },
    h("div.actions", {}, h("strong", {}, name), button("Download", () => download(path), { symbol: "download" })),
    shownAs(path, name, why),
  );
}

function shownAs(path, name, why) {
  if (VIDEO.test(name)) return h("video.output-video", { src: address(path), controls: true, playsinline: true, preload: "metadata", "aria-label": name });
  if (PICTURE.test(name)) return h("img.output-picture", { src: address(path), alt: name });
  if (isLabelsFile(name)) return json(path, why);
  if (TEXT.test(name)) return text(path);
  return h("p.soft", {}, "This kind of file cannot be shown here; download it.");
}

function json(path, why) {
  return limited(path, async (response) => {
    const written = await response.text();
    try {
      return h("div.json-root", {}, jsonTree(JSON.parse(written)));
    } catch {
      return [h("p.warning", {}, `This is no JSON that can be read${why ? `: ${why}` : "."}`), h("pre", { tabindex: "0", "aria-label": "Text" }, written)];
    }
  });
}

const text = (path) => limited(path, async (response) => h("pre", { tabindex: "0", "aria-label": "Text" }, await response.text()));

/** What `show` makes of a file that is not too large to be shown. */
function limited(path, show) {
  return loaded(async (signal) => {
    const response = await send("GET", path, { signal });
    const bytes = Number(response.headers.get("content-length"));
    if (bytes <= MOST_BYTES) return show(response);
    await response.body?.cancel();
    return h("p.soft", {}, `It has ${size(bytes)}, which is too much to be shown here; download it.`);
  }, (node) => node);
}
