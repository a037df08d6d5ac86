/** Export of a dataset: choose its options, see its size, and download it when the platform has made it. */

import { h } from "../../core/dom.js";
import { call, download, get, rendition, renditionResponse } from "../../core/api.js";
import { count, countOrMore, percent, size } from "../../core/format.js";
import { term } from "../../core/query.js";
import { onEnd, signal } from "../../core/reactive.js";
import { dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form, select } from "../../parts/form.js";
import { progressBar } from "../../parts/elements.js";
import { attempt, errorText, notify } from "../../parts/notices.js";

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
const MOST_NAME = 100;
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
export const exportDataset = (jobs) => exportFrom(jobs.length === 1 ? "1 job" : `${count(jobs.length)} jobs`, [], () => ({ jobs: jobs.map(({ id }) => id) }));

/** Export the results of a batch; of a sweep, those of one set of parameters. */
export function exportBatch({ id, name, parameter_sets: sets }) {
  const choices = sets.map((set, index) => [String(index), `${index + 1}: ${JSON.stringify(set)}`]);
  const chooser = sets.length > 1 && field("Parameter set", select(choices, { name: "set" }));
  return exportFrom("a batch", chooser, ({ set }) => ({ batch: id, ...(set && { parameter_set: Number(set) }) }), name);
}

/** Export what an analytic has found in the videos of a collection. */
export const exportCollection = ({ id, name }) => exportResults("a collection", "each of your videos in the collection", { collection: id }, name);

/** Export what an analytic has found in these videos. */
export const exportVideos = (rows) => exportResults(rows.length === 1 ? "1 video" : `${count(rows.length)} videos`, "each of these videos", { data: rows.map(({ id }) => id) });

/** Export what an analytic has found in all videos that match a search. */
export const exportMatching = ({ search, count: number, isExact }) => exportResults(`all ${countOrMore(number, isExact)} files that match`, "each of these videos", { search });

async function exportResults(what, where, source, name) {
  const { analytics } = await get("/labels/charts", source.data ? { search: term("id", ...source.data) } : source);
  const names = analytics.map(({ analytic }) => analytic);
  if (names.length === 0) return notify("No analytic has found labels in these videos yet. Run one first.");
  const chooser = field("Analytic", select(names, { name: "analytic" }), { hint: `Its newest complete job on ${where}` });
  return exportFrom(what, chooser, ({ analytic }) => ({ analytic, ...source }), name);
}

async function exportFrom(what, chooser, sourceOf, name = "dataset") {
  const dataset = await dialog(`Export a dataset of ${what}`, (close) => optionsForm(chooser, sourceOf, name.slice(0, MOST_NAME), close));
  if (dataset) await dialog(`Dataset “${dataset.name}”`, (close) => exporting(dataset, close));
}

function optionsForm(chooser, sourceOf, name, close) {
  const create = async (values) => {
    const classes = values.classes.split(",").map((name) => name.trim()).filter(Boolean);
    const options = {
      format: values.format,
      images: values.images,
      every: Number(values.every),
      labelled_only: values.labelled,
      split: SPLITS[values.split],
      ...(classes.length > 0 && { classes }),
      ...mapping(values.renamed),
    };
    const { dataset } = await call("POST", "/datasets", { json: { name: values.name, options, ...sourceOf(values) } });
    close(dataset);
  };
  return form(
    [
      chooser,
      field("Name", h("input", { name: "name", required: true, maxlength: MOST_NAME, value: name, autofocus: true })),
      field("Format", select(FORMATS, { name: "format" })),
      field("Every n-th frame", h("input", { name: "every", type: "number", min: 1, max: 1_000_000, value: 1, required: true }), { hint: "1 exports every frame" }),
      checkbox("Frames as JPEG images", { name: "images", checked: true }),
      checkbox("Only frames with a box", { name: "labelled" }),
      field("Split by video", select(SPLIT_TITLES, { name: "split" })),
      h(
        "details",
        {},
        h("summary", {}, "Classes"),
        field("Classes, in the order of their numbers", h("input", { name: "classes", placeholder: "person, bike" }), { hint: "Separated by commas. Empty: all labels, in alphabetical order" }),
        field("Labels to merge or leave out", h("input", { name: "renamed", placeholder: "bicycle=bike, motorcycle=bike" }), { hint: "label=class, separated by commas. “label=” leaves the label out" }),
      ),
    ],
    { submit: create, verb: "Show the size", cancel: () => close() },
  );
}

/** Return the options for “bicycle=bike, chair=”: labels that become a class, and those that are left out. */
function mapping(text) {
  const pairs = text.split(",").map((pair) => pair.trim()).filter(Boolean).map((pair) => pair.split("=").map((name) => name.trim()));
  const wrong = pairs.find((pair) => pair.length !== 2 || !pair[0]);
  if (wrong) throw new Error(`“${wrong.join("=")}” is not label=class. Write for example bicycle=bike`);
  const renamed = pairs.filter(([, name]) => name);
  const left = pairs.filter(([, name]) => !name).map(([label]) => label);
  return { ...(renamed.length > 0 && { rename: Object.fromEntries(renamed) }), ...(left.length > 0 && { drop: left }) };
}

/**
 * The amounts of a dataset, and the button that makes and downloads it. Nothing else in the console leads to the dataset, so
 * it is deleted with the dialog, unless its archive was requested.
 */
function exporting({ id, name, definition }, close) {
  const path = `/datasets/${encodeURIComponent(id)}`;
  const estimate = signal(null);
  const failure = signal("");
  const progress = signal(null);
  const left = new AbortController();
  let isKept = false;
  onEnd(() => {
    left.abort();
    if (!isKept) attempt(() => call("DELETE", path));
  });
  const measure = async () => {
    try {
      estimate.value = await (await renditionResponse(`${path}/renditions/estimate`, {}, { signal: left.signal })).json();
    } catch (error) {
      failure.value = errorText(error);
    }
  };
  const make = async () => {
    isKept = true;
    progress.value = 0;
    try {
      await rendition(`${path}/renditions/archive`, {}, { onProgress: ({ fraction }) => (progress.value = fraction ?? 0) });
      download(`${path}/renditions/archive`, {}, `${name}.${definition.format}.zip`);
      close();
    } finally {
      progress.value = null;
    }
  };
  const discard = () => {
    isKept = false;
    close();
  };
  measure();
  return [
    h("p.error", { role: "alert" }, () => failure.value),
    () => (estimate.value ? amounts(estimate.value, definition.images) : !failure.value && h("p.muted", { role: "status" }, "Measuring…")),
    () => progress.value !== null && h("div", {}, progressBar(() => progress.value, "Progress of the dataset"), h("p.muted", {}, "The dataset is being made. You can close this dialog: the download starts when the dataset is ready. ", h("code", {}, `voxel51 datasets download ${id}`), " downloads it again.")),
    h("footer", {}, button("Discard", discard, { disabled: () => progress.value !== null }), button("Export", make, { kind: "primary", symbol: "download", disabled: () => !estimate.value })),
  ];
}

function amounts({ parts, classes, size_bytes: sizeBytes, image_bytes: imageBytes }, hasImages) {
  const rows = Object.entries(parts).map(([part, { videos, frames, boxes }]) => h("tr", {}, h("th", { scope: "row" }, part), [videos, frames, boxes].map((each) => h("td.number", {}, count(each)))));
  const all = Object.values(classes).reduce((sum, each) => sum + each, 0);
  const shares = Object.entries(classes).map(([name, boxes]) => h("li", {}, h("bdi", {}, name), ` ${count(boxes)} (${percent(all ? boxes / all : 0)})`));
  return [
    h("table", {}, h("thead", {}, h("tr", {}, ["Part", "Videos", "Frames", "Boxes"].map((title, at) => h(at ? "th.number" : "th", { scope: "col" }, title)))), h("tbody", {}, rows)),
    shares.length > 0 && h("details", {}, h("summary", {}, shares.length === 1 ? "1 class" : `${count(shares.length)} classes`), h("ul", {}, shares)),
    hasImages
      ? h("p", {}, "About ", h("strong", {}, size(sizeBytes)), `, of which images ${size(imageBytes)}, estimated from a few frames`)
      : h("p", {}, h("strong", {}, size(sizeBytes)), ", without images"),
  ];
}
