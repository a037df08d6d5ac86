/** The page that compares the labels of two jobs on one video, frame by frame. */

import { ApiError, renditionResponse } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { effect, signal, untracked } from "../../../core/reactive.js";
import { route, setQuery } from "../../../core/router.js";
import { percent } from "../../../core/format.js";
import { heading, progressBar, timeAgo } from "../../../parts/elements.js";
import { field, select } from "../../../parts/form.js";
import { loadError, loadedRecord, resource } from "../../../parts/load.js";
import { readLabels } from "../../../viewer/loading/read-labels.js";
import { fetchVideo, outputPath } from "../../../viewer/loading/sources.js";
import { comparisonViewer } from "../../../viewer/comparison/comparison-viewer.js";
import { steadyIndex } from "../../../viewer/model/frame-index.js";
import { analysedFile, fetchJob } from "../job-files.js";
import { fetchVersions, labelsPath } from "../review/versions.js";
import { comparisonTables } from "./tables.js";

const OVERLAPS = ["0.1", "0.25", "0.5", "0.75", "0.9"];
const DEFAULT_OVERLAP = "0.5";

export function page({ id, other, query }) {
  return loadedRecord(
    () => Promise.all([fetchSide(id, query.get("version")), fetchSide(other, query.get("with_version"))]),
    { noun: "job", list: "/jobs" },
    (sides) => comparisonPage(sides, query),
  );
}

/** Fetch a job, with its review of this version if one is asked for; without a version, its output is compared. */
async function fetchSide(id, version) {
  const [side, versions] = await Promise.all([fetchJob(id), Number(version) ? fetchVersions(id) : []]);
  const review = versions.find((each) => each.version === Number(version));
  if (Number(version) && !review) throw new ApiError(404, `Review ${version} not found`);
  return { ...side, review };
}

const titleOf = ({ job, review }) => (review ? `${job.name}, review ${review.version}` : job.name);

function comparisonPage(sides, query) {
  const given = query.get("overlap");
  const overlap = signal(OVERLAPS.includes(given) ? given : DEFAULT_OVERLAP);
  const files = sides.map(analysedFile);
  const loading = resource((abort) => fetchContent(sides, files, abort));
  effect(() => setQuery({ overlap: overlap.value === DEFAULT_OVERLAP ? "" : overlap.value }));
  return [
    heading("Compare results"),
    h("div.compared-jobs", {}, sides.map((side, at) => sideCard(side, at, sides[1 - at]))),
    isOtherVideo(files) && h("p.warning", { role: "status" }, "The two jobs analysed different files. The picture is that of the first."),
    h("div.overlap-choice", {}, field("Same if boxes overlap (IoU) by at least", select(OVERLAPS, { value: overlap.peek(), onchange: ({ target }) => (overlap.value = target.value) }), { hint: "In each frame, boxes with the same label are paired so that as many as possible match." })),
    () => {
      const { value: content, error, isThere } = loading.state.value;
      if (error) return loadError(error, loading.reload);
      if (!isThere) return h("p.loading", { role: "status" }, "Loading the video and the labels…");
      return compared(sides, content, overlap);
    },
  ];
}

const isOtherVideo = ([first, second]) => first && second && first.id !== second.id;

/** The comparison at the chosen overlap. The platform computes it, which may take a while for many boxes. */
function compared(sides, content, overlap) {
  return () => {
    const asked = overlap.value;
    return untracked(() => atOverlap(sides, content, asked));
  };
}

function atOverlap(sides, content, overlap) {
  const [{ job: first, review }, { job: second, review: other }] = sides;
  const named = sides.map((side) => ({ ...side.job, name: titleOf(side) }));
  const fraction = signal(null);
  const path = `/jobs/${encodeURIComponent(first.id)}/renditions/comparison`;
  const { state, reload } = resource(async (abort) => {
    const response = await renditionResponse(path, { review: review?.id, with: other ? "" : second.id, with_review: other?.id, overlap }, { signal: abort, onProgress: (reported) => (fraction.value = reported.fraction) });
    return response.json();
  });
  return () => {
    const { value: comparison, error, isThere } = state.value;
    if (error) return loadError(error, reload);
    if (!isThere) return h("div.making", {}, h("p", { role: "status" }, "Comparing the labels…", () => (fraction.value ? ` ${percent(fraction.value)}` : "")), progressBar(() => fraction.value, "Comparison"));
    return untracked(() => {
      const start = Number(route.peek().query.get("frame")) || comparison.differences.frames[0] || 1;
      return [comparisonViewer({ ...content, comparison, start, names: named.map(({ name }) => name) }), comparisonTables(comparison, named)];
    });
  };
}

/** Return the labels of both jobs, and the video with its frame index; without the video, an index that fits the labels. */
async function fetchContent(sides, files, signal) {
  const file = files.find(Boolean);
  const [first, second, video] = await Promise.all([
    ...sides.map(({ job, review }) => readLabels(review ? labelsPath(job.id, review.version) : outputPath(job.id), { signal })),
    file && fetchVideo(file.id, { signal }).catch((error) => {
      if (error.name === "AbortError") throw error;
      return null; // the labels are compared without a picture
    }),
  ]);
  const last = Math.max(first.lastFrame, second.lastFrame, first.metadata.total_frame_count ?? 1);
  return { labels: [first, second], video: video?.address ?? null, filename: file?.name ?? sides[0].job.name, index: video?.index ?? steadyIndex(last, first.metadata.frame_rate, first.metadata.frame_size) };
}

/** The job of one side, with the parameters that differ from those of the other. */
function sideCard(side, at, { request: otherRequest }) {
  const { job, request } = side;
  const names = [...new Set([...Object.keys(request.parameters), ...Object.keys(otherRequest.parameters)])];
  const differing = names.filter((name) => JSON.stringify(request.parameters[name]) !== JSON.stringify(otherRequest.parameters[name]));
  const value = (name) => (name in request.parameters ? JSON.stringify(request.parameters[name]) : "default");
  return h(
    "section.card",
    { "aria-label": at ? "Second job" : "First job" },
    h("h2", {}, h("a", { href: `/jobs/${encodeURIComponent(job.id)}` }, titleOf(side))),
    h("p.muted", {}, `${job.analytic} ${job.version} · `, timeAgo(job.completion_date)),
    differing.length > 0 && h("p.tags", {}, differing.map((name) => h("span.tag", {}, `${name}: ${value(name)}`))),
  );
}
