/** The home page of a new user: a zone to drop the first video, and the steps that follow. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { hasScope } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { notify } from "../../parts/notices.js";
import { dropZone } from "../../uploads/upload-controls.js";
import { ordered } from "../analytics/card.js";
import { sampleVideo } from "../analytics/sample-video.js";
import { runOn } from "../analytics/try-out.js";

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
    hasScope("run") && h("p", {}, "No video at hand? ", button("Try a sample video", trySample, { symbol: "play" })),
    dropZone("Drop a video here"),
    h("ol.steps", {}, STEPS.map(([symbol, title, text]) => h("li", {}, h("span.step-mark", { "aria-hidden": "true" }, icon(symbol)), h("h2", {}, title), h("p", {}, text)))),
  );
}

/** Run the most useful analytic on the sample video, and open the job's page. */
async function trySample() {
  const [{ analytics }, video] = await Promise.all([get("/analytics", { limit: 60 }), sampleVideo()]);
  const analytic = ordered(analytics).find(({ unavailable_reason: reason }) => !reason);
  if (analytic) await runOn(analytic, video);
  else notify("The sample video was uploaded, but this platform has no analytic that can run");
}
