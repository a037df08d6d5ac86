/** Everything that can be had as a file: the labels in each format, the video in several ways. */

import { h } from "../../core/dom.js";
import { signal } from "../../core/reactive.js";
import { download, rendition } from "../../core/api.js";
import { percent } from "../../core/format.js";
import { icon } from "../../parts/icons.js";
import { attempt } from "../../parts/notices.js";
import { progressBar } from "../../parts/show.js";

const FORMATS = [
  ["coco", "COCO", "JSON of boxes, image by image"],
  ["yolo", "YOLO", "text files in a zip"],
  ["mot", "MOT", "tracks, as the MOT challenge has them"],
  ["cvat", "CVAT", "XML for the annotation tool"],
  ["voc", "Pascal VOC", "XML files in a zip"],
  ["csv", "CSV", "a table for spreadsheets"],
  ["parquet", "Parquet", "a table for data frames"],
];

/**
 * @param {{jobId, dataId, labelled: boolean, range: () => [number, number]}} what `labelled` is whether there are labels;
 *   `range` the part that is chosen, or null
 */
export function downloads({ jobId, dataId, labelled, range }) {
  const job = jobId && `/jobs/${encodeURIComponent(jobId)}`;
  const data = dataId && `/data/${encodeURIComponent(dataId)}`;
  return h(
    "div.downloads",
    {},
    job && h("section", {}, h("h2", {}, labelled ? "Labels" : "Output"), h("ul", {}, entry(labelled ? "Native JSON" : "The output", "as the job left it", () => download(`${job}/output`)), labelled && FORMATS.map(([format, title, text]) => made(title, text, `${job}/output`, () => ({ format }))))),
    data &&
      h(
        "section",
        {},
        h("h2", {}, "Video"),
        h(
          "ul",
          {},
          labelled && made("With everything drawn into it", "MP4", `${job}/renditions/annotated`, () => ({})),
          labelled && made("Contact sheet", "one picture of what is in the video", `${job}/renditions/sheet`, () => ({})),
          made("As it plays here", "MP4, frame for frame", `${data}/renditions/playable`, () => ({})),
          () => {
            const part = range();
            return part
              ? made(`Frames ${part[0]} to ${part[1]}`, "MP4 of the chosen part", `${data}/renditions/clip`, () => ({ first: part[0], last: part[1] }))
              : h("li.soft.hint", {}, "Choose a part of the timeline (Shift and drag, or the keys [ and ]) to cut it out.");
          },
          entry("The original", "as it was uploaded", () => download(`${data}/download`)),
        ),
      ),
  );
}

function entry(title, text, run) {
  return h("li", {}, h("button.download", { type: "button", onclick: run }, icon("download"), h("span.row-text", {}, h("span.row-title", {}, title), h("span.soft", {}, text))));
}

/** Something that may have to be made first. */
function made(title, text, path, query) {
  const progress = signal(null);
  const run = async () => {
    if (progress.peek()) return;
    progress.value = { fraction: null };
    await attempt(async () => {
      await rendition(path, query(), { onProgress: (making) => (progress.value = making) });
      download(path, query());
    });
    progress.value = null;
  };
  const told = () => {
    if (!progress.value) return text;
    const { fraction } = progress.value;
    return [fraction === null ? "is being made…" : `is being made: ${percent(fraction)}`];
  };
  return h(
    "li",
    {},
    h("button.download", { type: "button", onclick: run, "aria-busy": () => progress.value && "true" }, icon("download"), h("span.row-text", {}, h("span.row-title", {}, title), h("span.soft", {}, told))),
    () => progress.value && progressBar(progress.value.fraction, `Making ${title}`),
  );
}
