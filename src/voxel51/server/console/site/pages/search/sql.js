/** SQL over labels: an editor, examples, and the result as a table or a file. */

import { h } from "../../core/dom.js";
import { download, rendition, renditionResponse } from "../../core/api.js";
import { count } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { heading } from "../../parts/elements.js";
import { button, field, form, select } from "../../parts/form.js";
import { queryProgress } from "./query-progress.js";

const PATH = "/labels/sql";
const SHOWN_ROWS = 500;
const EXAMPLES = [
  ["SELECT label, count(*) AS detections, count(DISTINCT video_id) AS videos\nFROM detections GROUP BY label ORDER BY detections DESC", "Detections by label"],
  ["SELECT v.name, max(f.detections) AS most\nFROM frames f JOIN videos v USING (video_id) GROUP BY v.name ORDER BY most DESC", "Most objects at once, by video"],
  ["SELECT j.name, t.label, t.track, t.last_frame - t.first_frame + 1 AS frames, t.job_id, t.first_frame\nFROM tracks t JOIN jobs j USING (job_id) ORDER BY frames DESC LIMIT 20", "Longest tracks"],
  ["SELECT text, count(*) AS times FROM text GROUP BY text ORDER BY times DESC", "Text that was read"],
];
const TABLES = {
  videos: "video_id, name, size_bytes, upload_date, captured_at, width, height",
  jobs: "job_id, video_id, name, analytic, version, completion_date, frame_count, duration_seconds, has_labels",
  detections: "job_id, video_id, frame, track, label, confidence, x_min, y_min, x_max, y_max, attributes",
  tracks: "job_id, video_id, track, label, first_frame, last_frame, detections, max_confidence, mean_confidence",
  frames: "job_id, video_id, frame, detections",
  events: "job_id, video_id, label, first_frame, last_frame, event, confidence, attributes",
  text: "job_id, video_id, track, text, first_frame, last_frame, max_confidence",
};

export function page() {
  const result = signal(null);
  const running = signal(null); // what the platform has said about the query that runs
  const editor = h("textarea.code", { name: "sql", rows: 6, required: true, maxlength: 10_000, spellcheck: false, "aria-keyshortcuts": "Control+Enter", onkeydown: submitByKey });
  editor.value = EXAMPLES[0][0];
  const run = async ({ sql }) => {
    result.value = null;
    running.value = {};
    try {
      const found = await (await renditionResponse(PATH, { sql, format: "json" }, { onProgress: (pending) => (running.value = pending) })).json();
      result.value = { ...found, sql };
    } finally {
      running.value = null;
    }
  };
  const examples = select(EXAMPLES, { "aria-label": "Examples", onchange: (event) => (editor.value = event.target.value) });
  return [
    heading("SQL", h("a.button", { href: "/search" }, "Search"), h("a.button", { href: "/docs/how-to/query-labels-with-sql.html" }, "Tables and limits")),
    form([field("Example", examples), field("Query", editor, { hint: "One SELECT statement. Press Ctrl+Enter to run it" }), tables()], { submit: run, verb: "Run query" }),
    h("section.results", { "aria-label": "Result" }, () => (running.value ? queryProgress(running.value, "Running") : result.value && shown(result.value))),
  ];
}

/** Run the query by Ctrl+Enter, or Command+Enter on a Mac. */
function submitByKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.currentTarget.form.requestSubmit();
}

const tables = () =>
  h("details", {}, h("summary", {}, "Tables and columns"), h("dl.facts", {}, Object.entries(TABLES).map(([name, columns]) => h("div", {}, h("dt", {}, h("code", {}, name)), h("dd", {}, columns)))));

function shown({ columns, rows, is_complete: isComplete, sql }) {
  const save = (format) => async () => {
    await rendition(PATH, { sql, format });
    download(PATH, { sql, format }, `result.${format}`);
  };
  const more = rows.length > SHOWN_ROWS ? `; the first ${count(SHOWN_ROWS)} are shown` : "";
  return [
    h("p.found", { role: "status" }, `${isComplete ? "" : "More than "}${count(rows.length)} ${rows.length === 1 && isComplete ? "row" : "rows"}${more}`),
    h("div.tools", {}, button("Download CSV", save("csv"), { symbol: "download" }), button("Download Parquet", save("parquet"), { symbol: "download" })),
    h("div.scrolled", { tabindex: 0, role: "region", "aria-label": "Rows" }, h("table", {}, h("thead", {}, h("tr", {}, columns.map(({ name, type }) => h(isNumeric(type) ? "th.number" : "th", { scope: "col", title: type }, name)))), h("tbody", {}, rows.slice(0, SHOWN_ROWS).map((row) => h("tr", {}, row.map((value, at) => cell(value, linkOf(row, columns, at)))))))),
  ];
}

const isNumeric = (type) => /INT|DOUBLE|FLOAT|DECIMAL/.test(type);

/** Return the page that an id leads to: of a video, or of a job at the frame in the same row; undefined for other columns. */
function linkOf(row, columns, at) {
  const named = (name) => row[columns.findIndex((column) => column.name === name)];
  const { name } = columns[at];
  if (typeof row[at] !== "string") return undefined;
  if (name === "video_id") return `/data/${encodeURIComponent(row[at])}`;
  if (name !== "job_id") return undefined;
  const frame = [named("frame"), named("first_frame")].find(Number.isInteger);
  return `/jobs/${encodeURIComponent(row[at])}${frame ? `?frame=${frame}` : ""}`;
}

function cell(value, href) {
  if (typeof value === "number") return h("td.number", {}, String(value));
  const text = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  return h("td", {}, href ? h("a", { href }, text) : h("bdi", {}, text));
}
