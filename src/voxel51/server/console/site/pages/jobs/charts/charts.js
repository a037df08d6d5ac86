/** The charts tab of a job: counts by class, over time, of lengths and speeds of tracks, in a zone and over a line. The platform computes them. */

import { renditionResponse } from "../../../core/api.js";
import { h } from "../../../core/dom.js";
import { count, duration } from "../../../core/format.js";
import { signal, untracked } from "../../../core/reactive.js";
import { navigate } from "../../../core/router.js";
import { lines } from "../../../parts/chart.js";
import { emptyState, loading } from "../../../parts/elements.js";
import { loadError, resource } from "../../../parts/load.js";
import { colourOf } from "../../../viewer/model/colours.js";
import { barChart, chartFigure } from "./figure.js";
import { shapeControl } from "./shapes.js";

const MOST_SERIES = 8;

/** @param {{id, name}} job whose labels are counted; `file` is the record of its video, or undefined */
export function chartsTab(job, file) {
  const zone = signal([]);
  const line = signal([]);
  return [
    charts(job, {}, (found) => general(job, found)),
    h("h2.part", {}, "Time in a zone"),
    shapeControl(zone, { dataId: file?.id, name: "Zone", least: 3, most: 50, hint: "Press on the corners of the zone, one after the other. An object is where the middle of its lower side is." }),
    () => (zone.value.length >= 3 ? untracked(() => charts(job, { zone: textOf(zone.value) }, ({ zone: found, classes }) => zoneChart(job, found, coloursOf(classes)))) : null),
    h("h2.part", {}, "Crossings of a line"),
    shapeControl(line, { dataId: file?.id, name: "Line", least: 2, most: 2, hint: "Press on the two ends of the line." }),
    () => (line.value.length === 2 ? untracked(() => charts(job, { line: textOf(line.value) }, ({ line: found, classes }) => lineChart(job, found, coloursOf(classes)))) : null),
  ];
}

const textOf = (points) => points.map((point) => point.join(",")).join(";");
const frameAddress = ({ id }, frame) => `/jobs/${encodeURIComponent(id)}?frame=${frame}`;

/** Charts of the labels, as soon as the platform has counted them. */
function charts({ id }, query, show) {
  const path = `/jobs/${encodeURIComponent(id)}/renditions/charts`;
  const { state, reload } = resource(async (abort) => (await renditionResponse(path, query, { signal: abort })).json());
  return () => {
    const { value, error, isThere } = state.value;
    if (error) return loadError(error, reload);
    return isThere ? untracked(() => show(value)) : loading("Counting…");
  };
}

/** Return a function from labels to colours: the same for all charts of a job. */
function coloursOf(classes) {
  const numbers = new Map(classes.map(({ label }, at) => [label, at]));
  return (label) => colourOf(numbers.get(label) ?? 0);
}

function general(job, { classes, timeline, lengths, speeds, frame_count: frameCount, frame_rate: rate }) {
  if (classes.length === 0) return emptyState("Nothing to count", "The job found no boxes.");
  const colour = coloursOf(classes);
  const byClass = (title, valueOf, format) =>
    barChart(job, title, ["label", "value", "first frame"], classes.map((each) => ({ label: each.label, value: valueOf(each), text: format(valueOf(each)), frame: each.first_frame, href: frameAddress(job, each.first_frame), colour: colour(each.label) })));
  return h(
    "div.plots",
    {},
    byClass("Tracks by class", ({ tracks }) => tracks, count),
    byClass("Boxes by class", ({ boxes }) => boxes, count),
    byClass("Seconds of video by class", ({ seconds }) => seconds, duration),
    barChart(job, "Tracks by length", ["at least seconds", "tracks", "frame of the longest"], lengths.map((bar, at) => ({ label: lengthLabel(bar, lengths[at + 1]), raw: bar.seconds, value: bar.tracks, text: count(bar.tracks), frame: bar.first_frame, href: bar.first_frame && frameAddress(job, bar.first_frame) }))),
    speeds && barChart(job, "Tracks by speed in pixels per second", ["at least pixels per second", "tracks", "frame of the fastest"], speeds.map((bar, at) => ({ label: speedLabel(bar, speeds[at + 1]), raw: bar.speed, value: bar.tracks, text: count(bar.tracks), frame: bar.first_frame, href: bar.first_frame && frameAddress(job, bar.first_frame) }))),
    timelineChart(job, timeline, frameCount / rate, rate, colour),
  );
}

const lengthLabel = ({ seconds }, next) => (next ? `${seconds}–${next.seconds} s` : `${seconds} s and more`);

const speedLabel = ({ speed }, next) => (next ? `${speed}–${next.speed}` : `${speed} and more`);

/** The greatest number of objects at the same time. A click leads to the frames of that step. */
function timelineChart(job, { starts, counts }, seconds, rate, colour) {
  const names = Object.keys(counts).sort((a, b) => Math.max(...counts[b]) - Math.max(...counts[a])).slice(0, MOST_SERIES);
  const series = names.map((name) => ({ name, values: counts[name], color: colour(name) }));
  const go = (share) => navigate(frameAddress(job, starts[Math.min(starts.length - 1, Math.round(share * (starts.length - 1)))]));
  const title = "Objects at the same time";
  const ends = ["0:00", duration(seconds)];
  const rows = starts.map((first, at) => [first, (first - 1) / rate, ...names.map((name) => counts[name][at])]);
  return chartFigure(job, title, { node: h("div.over-time", {}, lines(title, series, ends, count, go), legend(series)), picture: { kind: "lines", title, series, ends }, header: ["first frame", "seconds", ...names], rows });
}

const legend = (series) => h("ul.legend", {}, series.map(({ name, color }) => h("li", {}, h("span.swatch", { style: { background: color } }), name)));

function zoneChart(job, found, colour) {
  if (found.length === 0) return h("p.muted", { role: "status" }, "No track was in the zone.");
  const bar = ({ label, seconds, visits, tracks, first_frame: frame }) => ({ label, value: seconds, text: duration(seconds), detail: `${count(visits)} ${visits === 1 ? "visit" : "visits"} of ${count(tracks)} ${tracks === 1 ? "track" : "tracks"}`, frame, href: frameAddress(job, frame), colour: colour(label) });
  return barChart(job, "Seconds in the zone, summed over tracks", ["label", "seconds", "first frame"], found.map(bar));
}

function lineChart(job, found, colour) {
  if (found.length === 0) return h("p.muted", { role: "status" }, "No track crossed the line.");
  const bars = found.flatMap(({ label, to_right: right, to_left: left, first_frame: frame }) =>
    [[`${label}, to the right`, right], [`${label}, to the left`, left]].map(([title, value]) => ({ label: title, value, text: count(value), frame, href: frameAddress(job, frame), colour: colour(label) })),
  );
  return [barChart(job, "Crossings of the line", ["label and direction", "crossings", "first frame"], bars), h("p.muted", {}, "Right and left as seen from the first end of the line to the second.")];
}
