/** SQL over labels: an editor, examples, and the result as a table or a file. */

import { h } from "../../core/dom.js";
import { download, rendition, renditionResponse } from "../../core/api.js";
import { count } from "../../core/format.js";
import { signal } from "../../core/reactive.js";
import { heading, loading } from "../../parts/elements.js";
import { button, field, form, select } from "../../parts/form.js";

const PATH = "/labels/sql";
const SHOWN_ROWS = 500;
const EXAMPLES = [
  ["SELECT label, count(*) AS detections, count(DISTINCT video_id) AS videos\nFROM detections GROUP BY label ORDER BY detections DESC", "Detections by label"],
  ["SELECT v.name, max(f.detections) AS most\nFROM frames f JOIN videos v USING (video_id) GROUP BY v.name ORDER BY most DESC", "Most objects at once, by video"],
  ["SELECT j.name, t.label, t.track, t.last_frame - t.first_frame + 1 AS frames\nFROM tracks t JOIN jobs j USING (job_id) ORDER BY frames DESC LIMIT 20", "Longest tracks"],
  ["SELECT text, count(*) AS times FROM text GROUP BY text ORDER BY times DESC", "Text that was read"],
];
const TABLES = "videos, jobs, detections, tracks, frames, events, text";

export function page() {
  const result = signal(null);
  const isRunning = signal(false);
  const editor = h("textarea.code", { name: "sql", rows: 6, required: true, maxlength: 10_000, spellcheck: false });
  editor.value = EXAMPLES[0][0];
  const run = async ({ sql }) => {
    result.value = null;
    isRunning.value = true;
    try {
      const found = await (await renditionResponse(PATH, { sql, format: "json" })).json();
      result.value = { ...found, sql };
    } finally {
      isRunning.value = false;
    }
  };
  const examples = select(EXAMPLES, { "aria-label": "Examples", onchange: (event) => (editor.value = event.target.value) });
  return [
    heading("SQL", h("a.button", { href: "/search" }, "Search"), h("a.button", { href: "/docs/how-to/query-labels-with-sql.html" }, "Tables and limits")),
    form([field("Example", examples), field("Query", editor, { hint: `One SELECT statement over ${TABLES}` })], { submit: run, verb: "Run query" }),
    h("section.results", { "aria-label": "Result" }, () => (isRunning.value ? loading("Running…") : result.value && shown(result.value))),
  ];
}

function shown({ columns, rows, is_complete: isComplete, sql }) {
  const save = (format) => async () => {
    await rendition(PATH, { sql, format });
    download(PATH, { sql, format }, `result.${format}`);
  };
  const more = rows.length > SHOWN_ROWS ? `; the first ${count(SHOWN_ROWS)} are shown` : "";
  return [
    h("p.found", { role: "status" }, `${isComplete ? "" : "More than "}${count(rows.length)} ${rows.length === 1 && isComplete ? "row" : "rows"}${more}`),
    h("div.tools", {}, button("Download CSV", save("csv"), { symbol: "download" }), button("Download Parquet", save("parquet"), { symbol: "download" })),
    h("div.scrolled", { tabindex: 0, role: "region", "aria-label": "Rows" }, h("table", {}, h("thead", {}, h("tr", {}, columns.map(({ name, type }) => h("th", { scope: "col", title: type }, name)))), h("tbody", {}, rows.slice(0, SHOWN_ROWS).map((row) => h("tr", {}, row.map(cell)))))),
  ];
}

const cell = (value) => (typeof value === "number" ? h("td.number", {}, String(value)) : h("td", {}, h("bdi", {}, value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value))));
