/** Who uses how much: storage, and jobs and their time, over days and by owner. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, signal } from "../../core/reactive.js";
import { place } from "../../core/router.js";
import { count, date, duration, size } from "../../core/format.js";
import { bars } from "../../parts/chart.js";
import { listing } from "../../parts/listing.js";
import { emptiness } from "../../parts/show.js";
import { adminPage } from "./around.js";
import { owner } from "./running.js";

const SPANS = ["7", "30", "90"];
const USUAL = "30";

export function page({ query }) {
  const days = SPANS.includes(query.get("days")) ? query.get("days") : USUAL;
  return adminPage(
    "Usage",
    () => report("/admin/usage", days, nobody),
    () => spans(days),
  );
}

/** Plots over the last `days` and the list of owners, as the API tells both at `path`; `empty` is shown where there is none. */
export function report(path, days, empty) {
  const told = signal([]);
  const plotted = computed(() => JSON.stringify(told.value)); // turning the pages of owners draws nothing again
  const list = listing({
    label: "Owners",
    load: async ({ offset, limit, signal: aborted }) => {
      const found = await get(path, { days, offset, limit }, { signal: aborted });
      told.value = found.days;
      return { rows: found.owners.map((each) => ({ ...each, id: `${each.application ?? ""}/${each.username}` })), count: found.count };
    },
    columns: [
      { title: "Owner", kind: "wide", cell: (row) => owner(row.value) },
      { title: "Storage", kind: "number", cell: (row) => size(row.value.bytes) },
      { title: "Files", kind: "number", cell: (row) => count(row.value.files) },
      { title: "Jobs complete", kind: "number", cell: (row) => count(row.value.completed) },
      { title: "Jobs failed", kind: "number", cell: (row) => h("span", { title: reasons(row.value) }, count(row.value.failed)) },
      { title: "Time of jobs", kind: "number", cell: (row) => duration(row.value.job_seconds) },
    ],
    sort: "",
    empty,
  });
  return [h("div.plots", {}, () => plots(JSON.parse(plotted.value))), h("h2", {}, "By owner"), list.node];
}

function nobody() {
  return emptiness("Nobody has used anything", "What people keep, and how long their jobs take, stands here as soon as there is something.");
}

function spans(days) {
  return h(
    "nav.spans",
    { "aria-label": "Time" },
    SPANS.map((span) => h("a.button", { href: `${place.peek().path}?days=${span}`, "aria-current": span === days && "true" }, `${span} days`)),
  );
}

function plots(days) {
  if (days.length === 0) return null;
  return [
    plot("Time of jobs, by day", days, (day) => day.job_seconds, duration),
    plot("Jobs that ended, by day", days, (day) => day.completed + day.failed, (number) => count(Math.round(number * 10) / 10)),
    plot("Uploads that are kept, by day", days, (day) => day.bytes_uploaded, size),
  ];
}

function plot(title, days, value, format) {
  const steps = days.map((day) => ({ label: date(day.date), value: value(day) }));
  const isEmpty = steps.every((step) => step.value === 0);
  return h("div.card", {}, isEmpty ? h("figure.chart", {}, h("figcaption", {}, title), h("p.none", {}, "None in this time.")) : bars(title, steps, format));
}

function reasons({ failures }) {
  return Object.entries(failures)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => `${kind.toLowerCase()}: ${count(number)}`)
    .join(", ");
}
