/** Charts of the labels of a collection, a batch or a search of videos. Each bar leads to the videos or frames behind it. */

import { get, renditionResponse } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { count, duration } from "../../core/format.js";
import { signal, untracked } from "../../core/reactive.js";
import { navigate } from "../../core/router.js";
import { emptyState, heading } from "../../parts/elements.js";
import { field, select } from "../../parts/form.js";
import { loadError, loaded, resource } from "../../parts/load.js";
import { barChart } from "../jobs/charts/figure.js";
import { momentsPage } from "./moment-query.js";
import { queryProgress } from "./query-progress.js";
import { setName } from "./set-name.js";

const SET = ["collection", "batch", "parameter_set", "search"];
const PATH = "/labels/charts";
const MOST_BARS = 30;

/** The page with the charts of a set: `collection`, `batch` (and `parameter_set`) or `search`; all videos if that is empty. */
export const chartsPage = (set) => `/search/charts?${new URLSearchParams(set)}`;

export function page({ query }) {
  const set = Object.fromEntries(SET.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
  const label = query.get("label") ?? "";
  return [
    heading("Charts", h("a.button", { href: momentsPage(set) }, "Moments"), h("a.button", { href: "/search" }, "Search")),
    loaded(
      (signal) => get(PATH, set, { signal }),
      (details) => {
        if (details.analytics.length === 0) return emptyState("Nothing to count yet", "Run an analytic that finds labels on these videos. What it finds is then counted here.", h("a.button.primary", { href: "/analytics" }, "Run an analytic"));
        const asked = query.get("analytic");
        const { analytic, videos } = details.analytics.find((each) => each.analytic === asked) ?? details.analytics[0];
        return [setName(set, chartsPage({})), content({ ...set, analytic }, label, { ...details, videos })];
      },
    ),
  ];
}

function content(set, label, { analytics, charts, videos, videos_with_time: timed, is_complete: isComplete }) {
  const show = { classes, videos: byVideo, hours: (...given) => byHour(timed, ...given), lengths, speeds };
  const options = analytics.map((each) => [each.analytic, `${each.analytic} (${plural(each.videos, "video")})`]);
  return [
    h(
      "div.tools",
      {},
      field("Results of", select(options, { value: set.analytic, onchange: ({ target }) => navigate(chartsPage({ ...set, analytic: target.value })) })),
      label && h("p", {}, "Class: ", h("bdi", {}, label), " ", h("a", { href: chartsPage(set) }, "All classes")),
    ),
    h("p.muted", {}, `Of ${plural(videos, "video")}, the newest result of each counts. `, !isComplete && "There are more results than charts read; the newest are counted."),
    h("div.plots", {}, charts.filter((name) => name !== "classes" || !label).map((name) => chart(name, set, label, show[name]))),
  ];
}

/** One chart, as soon as the platform has counted it. */
function chart(name, set, label, show) {
  const pending = signal(null);
  const onProgress = (reported) => (pending.value = reported);
  const { state, reload } = resource(async (abort) => (await renditionResponse(`${PATH}/${name}`, { ...set, label }, { signal: abort, onProgress })).json());
  return h("div", {}, () => {
    const { value, error, isThere } = state.value;
    if (error) return loadError(error, reload);
    if (!isThere) return () => queryProgress(pending.value, "Counting");
    const names = value.columns.map((column) => column.name);
    const rows = value.rows.map((row) => Object.fromEntries(row.map((cell, at) => [names[at], cell])));
    return untracked(() => show(rows, set, label, names));
  });
}

const csvRows = (rows, names) => rows.map((row) => names.map((name) => row[name] ?? ""));
const titled = (title, label) => ({ name: label ? `${title} of ${label}` : title });
const frames = ({ job_id: job, first_frame: frame }) => (job ? `/jobs/${encodeURIComponent(job)}?frame=${frame}` : undefined);
const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
const counted = ({ detections, tracks, seconds }) => (detections ? { value: detections, text: count(detections), detail: `${plural(tracks, "track")} · ${duration(seconds)}` } : { value: 0, text: "0" });

function drawn(title, label, rows, names, barOf) {
  const bars = rows.slice(0, MOST_BARS).map(barOf);
  const figure = barChart(titled("Charts", label), title, names, bars, csvRows(rows, names));
  return rows.length > MOST_BARS ? [figure, h("p.muted", {}, `${count(rows.length - MOST_BARS)} more are in the CSV file.`)] : figure;
}

const classes = (rows, set, label, names) =>
  drawn("Detections by class", label, rows, names, (row) => ({ label: row.label, ...counted(row), detail: `${counted(row).detail} · ${plural(row.videos, "video")}`, href: chartsPage({ ...set, label: row.label }), leadsTo: "Show the videos" }));

const byVideo = (rows, set, label, names) => drawn("Detections by video", label, rows, names, (row) => ({ label: row.video, ...counted(row), href: frames(row) }));

function byHour(timed, rows, set, label, names) {
  const figure = drawn("Detections by time of day", label, rows, names, (row) => ({ label: `${String(row.hour).padStart(2, "0")}:00`, ...counted(row), href: frames(row) }));
  return [figure, h("p.muted", {}, `Of ${plural(timed, "video")} whose time of capture is known.`)];
}

const lengths = (rows, set, label, names) => ranges("Tracks by length", "at_least_seconds", " s", rows, label, names);

const speeds = (rows, set, label, names) => ranges("Tracks by speed in pixels per second", "at_least_pixels_per_second", "", rows, label, names);

/** Bars of tracks by ranges of a measure, whose lower bounds are the column `bound`. */
function ranges(title, bound, unit, rows, label, names) {
  const range = (at) => (rows[at + 1] ? `${rows[at][bound]}–${rows[at + 1][bound]}${unit}` : `${rows[at][bound]}${unit} and more`);
  return drawn(title, label, rows, names, (row) => ({ label: range(rows.indexOf(row)), value: row.tracks, text: count(row.tracks), detail: row.tracks ? `in ${plural(row.videos, "video")}` : undefined, href: frames(row) }));
}
