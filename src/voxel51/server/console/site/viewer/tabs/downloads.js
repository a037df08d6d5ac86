/** Downloads: the labels in each format, the video in several forms. */

import { h } from "../../core/dom.js";
import { signal } from "../../core/reactive.js";
import { call, download, rendition } from "../../core/api.js";
import { percent } from "../../core/format.js";
import { icon } from "../../parts/icons.js";
import { attempt } from "../../parts/notices.js";
import { progressBar } from "../../parts/elements.js";

const FORMATS = [
  ["coco", "COCO", "JSON with boxes per image"],
  ["yolo", "YOLO", "zip of text files"],
  ["mot", "MOT", "tracks in MOTChallenge format"],
  ["cvat", "CVAT", "XML for the annotation tool"],
  ["voc", "Pascal VOC", "zip of XML files"],
  ["csv", "CSV", "table for spreadsheets"],
  ["parquet", "Parquet", "table for data frames"],
];

/**
 * @param {{jobId, dataId, isVideo: boolean, labelled: boolean, range: () => [number, number]}} options `labelled` is whether
 *   there are labels; `range` returns the frames of the loop, or null
 */
export function downloads({ jobId, dataId, isVideo, labelled, range }) {
  const job = jobId && `/jobs/${encodeURIComponent(jobId)}`;
  const data = dataId && `/data/${encodeURIComponent(dataId)}`;
  return h(
    "div.downloads",
    {},
    job && h("section", {}, h("h2", {}, labelled ? "Labels" : "Output"), h("ul", {}, entry(labelled ? "Native JSON" : "Output file", "as written by the job", () => download(`${job}/output`)), labelled && FORMATS.map(([format, title, text]) => rendered(title, text, `${job}/output`, () => ({ format }), `${job}/renditions/labels`)))),
    data &&
      h(
        "section",
        {},
        h("h2", {}, isVideo ? "Video" : "Image"),
        h(
          "ul",
          {},
          isVideo && labelled && rendered("Annotated video", "MP4 with the labels drawn in", `${job}/renditions/annotated`, () => ({})),
          isVideo && labelled && rendered("Contact sheet", "one image that sums up the video", `${job}/renditions/sheet`, () => ({})),
          isVideo && rendered("Playable video", "MP4 for browsers", `${data}/renditions/playable`, () => ({})),
          entry("Original file", "as uploaded", () => download(`${data}/download`, { direct: true })),
          () => {
            if (!isVideo) return null;
            const part = range();
            return part
              ? rendered(`Frames ${part[0]} to ${part[1]}`, "MP4 of the loop", `${data}/renditions/clip`, () => ({ first: part[0], last: part[1] }))
              : h("li.muted.hint", {}, "To download a clip, set a loop with the buttons below the picture or with the keys [ and ].");
          },
        ),
      ),
  );
}

function entry(title, text, run) {
  return h("li", {}, h("button.download", { type: "button", onclick: run }, icon("download"), h("span.row-text", {}, h("span.row-title", {}, title), h("span.muted", {}, text))));
}

/** A download that the platform may have to make first; the button shows the progress, and another one cancels it. */
function rendered(title, text, path, query, renditionPath = path) {
  const progress = signal(null);
  let cancel;
  const run = async () => {
    if (progress.peek()) return;
    progress.value = { fraction: null };
    const waiting = new AbortController();
    const asked = query();
    cancel = () => {
      waiting.abort();
      return attempt(() => call("DELETE", renditionPath, { query: asked }));
    };
    await attempt(async () => {
      await rendition(path, asked, { signal: waiting.signal, onProgress: (reported) => (progress.value = reported) });
      download(path, asked);
    });
    progress.value = null;
  };
  const status = () => {
    if (!progress.value) return text;
    const { fraction } = progress.value;
    return [fraction === null ? "Preparing…" : `Preparing… ${percent(fraction)}`];
  };
  return h(
    "li",
    {},
    h("button.download", { type: "button", onclick: run, "aria-busy": () => progress.value && "true" }, icon("download"), h("span.row-text", {}, h("span.row-title", {}, title), h("span.muted", {}, status))),
    () =>
      progress.value &&
      h("div.preparing", {}, progressBar(progress.value.fraction, `Preparing: ${title}`), h("button.plain", { type: "button", onclick: () => cancel(), "aria-label": `Cancel: ${title}` }, "Cancel")),
  );
}
