/** Export of a dataset: choose its options, see its size, and download it when the platform has made it. */

import { h } from "../../core/dom.js";
import { address, call, download, rendition, renditionResponse } from "../../core/api.js";
import { count, percent, size } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form, select } from "../../parts/form.js";
import { progressBar } from "../../parts/elements.js";

const FORMATS = [
  ["yolo", "YOLO"],
  ["coco", "COCO"],
  ["voc", "Pascal VOC"],
  ["cvat", "CVAT"],
  ["mot", "MOT Challenge"],
  ["parquet", "Parquet"],
  ["fiftyone", "FiftyOne"],
  ["webdataset", "WebDataset"],
];
const SPLITS = {
  train: { train: 1 },
  validation: { train: 0.8, val: 0.2 },
  test: { train: 0.8, val: 0.1, test: 0.1 },
};
const SPLIT_TITLES = [
  ["train", "All for training"],
  ["validation", "80% training, 20% validation"],
  ["test", "80% training, 10% validation, 10% test"],
];

/** Ask for the options of a dataset of these jobs, and export it. */
export async function exportDataset(jobs) {
  const dataset = await dialog(`Export ${jobs.length === 1 ? "a dataset of 1 job" : `a dataset of ${count(jobs.length)} jobs`}`, (close) => optionsForm(jobs, close));
  if (dataset) await dialog(`Dataset “${dataset.name}”`, (close) => exporting(dataset, close));
}

function optionsForm(jobs, close) {
  const create = async (values) => {
    const classes = values.classes.split(",").map((name) => name.trim()).filter(Boolean);
    const options = {
      format: values.format,
      images: values.images,
      every: Number(values.every),
      labelled_only: values.labelled,
      split: SPLITS[values.split],
      ...(classes.length > 0 && { classes }),
    };
    const { dataset } = await call("POST", "/datasets", { json: { name: values.name, options, jobs: jobs.map(({ id }) => id) } });
    close(dataset);
  };
  return form(
    [
      field("Name", h("input", { name: "name", required: true, maxlength: 100, value: "dataset", autofocus: true })),
      field("Format", select(FORMATS, { name: "format" })),
      field("Every n-th frame", h("input", { name: "every", type: "number", min: 1, max: 1_000_000, value: 1, required: true }), { hint: "1 exports every frame" }),
      checkbox("Frames as JPEG images", { name: "images", checked: true }),
      checkbox("Only frames with a box", { name: "labelled" }),
      field("Split by video", select(SPLIT_TITLES, { name: "split" })),
      field("Classes", h("input", { name: "classes" }), { hint: "In the order of their numbers, separated by commas. Empty: all labels, in alphabetical order" }),
    ],
    { submit: create, verb: "Show the size", cancel: () => close() },
  );
}

/** The amounts of a dataset, and the button that makes and downloads it. */
function exporting({ id, name, definition }, close) {
  const path = `/datasets/${encodeURIComponent(id)}`;
  const estimate = signal(null);
  const failure = signal("");
  const progress = signal(null);
  const measure = async () => {
    try {
      estimate.value = await (await renditionResponse(`${path}/renditions/estimate`)).json();
    } catch (error) {
      failure.value = error.message;
    }
  };
  const make = async () => {
    progress.value = 0;
    try {
      await rendition(`${path}/renditions/archive`, {}, { onProgress: ({ fraction }) => (progress.value = fraction ?? 0) });
      download(`${path}/renditions/archive`, {}, `${name}.${definition.format}.zip`);
      close();
    } finally {
      progress.value = null;
    }
  };
  const discard = async () => {
    await call("DELETE", path);
    close();
  };
  measure();
  return [
    h("p.error", { role: "alert" }, () => failure.value),
    () => (estimate.value ? amounts(estimate.value) : !failure.value && h("p.muted", { role: "status" }, "Measuring…")),
    () => progress.value !== null && h("div", {}, progressBar(() => progress.value, "Progress of the dataset"), h("p.muted", {}, "The dataset is being made. You can close this dialog: ", h("a", { href: address(`${path}/renditions/archive`) }, "the download"), " stays available.")),
    h("footer", {}, button("Discard", discard), button("Export", make, { kind: "primary", symbol: "download", disabled: () => !estimate.value })),
  ];
}

function amounts({ parts, classes, size_bytes: sizeBytes }) {
  const rows = Object.entries(parts).map(([part, { videos, frames, boxes }]) => h("tr", {}, h("th", { scope: "row" }, part), [videos, frames, boxes].map((each) => h("td.number", {}, count(each)))));
  const all = Object.values(classes).reduce((sum, each) => sum + each, 0);
  const shares = Object.entries(classes).map(([name, boxes]) => h("li", {}, h("bdi", {}, name), ` ${count(boxes)} (${percent(all ? boxes / all : 0)})`));
  return [
    h("table", {}, h("thead", {}, h("tr", {}, ["Part", "Videos", "Frames", "Boxes"].map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, rows)),
    shares.length > 0 && h("details", {}, h("summary", {}, `${count(shares.length)} classes`), h("ul", {}, shares)),
    h("p", {}, "About ", h("strong", {}, size(sizeBytes))),
  ];
}
