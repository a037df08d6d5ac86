/** The home page of a new user: a zone to drop the first video, and the steps that follow. */

import { h } from "../../core/dom.js";
import { icon } from "../../parts/icons.js";
import { dropZone } from "../../uploads/upload-controls.js";

const STEPS = [
  ["upload", "Upload a video", "Drop it above. Large files and whole folders work, too."],
  ["analytics", "Run an analytic", "Choose what to detect: people, cars, faces, text or scenes."],
  ["play", "View the result", "Play the video with its detections, search them, or export the labels."],
];

export function welcome(username) {
  return h(
    "div.welcome",
    {},
    h("h1", { tabindex: "-1" }, `Hello, ${username}`),
    h("p.lead", {}, "Upload a video to find out what is in it."),
    dropZone("Drop a video here"),
    h("ol.steps", {}, STEPS.map(([symbol, title, text]) => h("li", {}, h("span.step-mark", { "aria-hidden": "true" }, icon(symbol)), h("h2", {}, title), h("p", {}, text)))),
  );
}
