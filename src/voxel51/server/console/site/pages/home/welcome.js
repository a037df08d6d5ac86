/** What somebody sees who has nothing yet: where to drop the first video, and what comes then. */

import { h } from "../../core/dom.js";
import { icon } from "../../parts/icons.js";
import { dropZone } from "../../uploads/begin.js";

const STEPS = [
  ["upload", "Upload a video", "Drop it above. Large files and whole folders are welcome."],
  ["analytics", "Choose what to find", "People, cars, faces, text, scenes: pick an analytic and press Run."],
  ["play", "Look at it", "Play the video with what was found drawn on it, search it, or export it."],
];

export function welcome(username) {
  return h(
    "div.welcome",
    {},
    h("h1", { tabindex: "-1" }, `Hello, ${username}`),
    h("p.lead", {}, "Find out what is in your videos. It begins with one of them."),
    dropZone("Drop a video here"),
    h("ol.steps", {}, STEPS.map(([symbol, title, text]) => h("li", {}, h("span.step-mark", { "aria-hidden": "true" }, icon(symbol)), h("h2", {}, title), h("p", {}, text)))),
  );
}
