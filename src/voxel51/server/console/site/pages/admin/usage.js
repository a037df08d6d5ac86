/** The usage page: storage, jobs and job time by day and by owner. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, signal } from "../../core/reactive.js";
import { route } from "../../core/router.js";
import { count, date, duration, size } from "../../core/format.js";
import { bars } from "../../parts/chart.js";
import { listing } from "../../parts/listing.js";
import { emptyState } from "../../parts/elements.js";
import { adminPage } from "./admin-page.js";
import { owner } from "./running-jobs.js";

const PERIODS = ["7", "30", "90"];
const DEFAULT_PERIOD = "30";

export function page({ query }) {
  const days = PERIODS.includes(query.get("days")) ? query.get("days") : DEFAULT_PERIOD;
  return adminPage(
    "Usage",
    () => usageReport("/admin/usage", days, noUsage),
    () => [periods(days), h("a.button", { href: "/admin/usage/months" }, "By month")],
  );
}

/** Charts of the last `days` and the list of owners, both from the API at `path`; `empty` is the empty state of the list. */
export function usageReport(path, days, empty) {
  const usage = signal([]);
  const charted = computed(() => JSON.stringify(usage.value)); // as text, so that paging through owners draws no chart again
  const list = listing({
    label: "Owners",
    load: async ({ offset, limit, signal: aborted }) => {
      const found = await get(path, { days, offset, limit }, { signal: aborted });
      usage.value = found.days;
      return { rows: found.owners.map((each) => ({ ...each, id: `${each.application ?? ""}/${each.username}` })), count: found.count };
    },
    columns: [
      { title: "Owner", kind: "wide", cell: (row) => owner(row.value) },
      { title: "Storage", kind: "number", cell: (row) => size(row.value.bytes) },
      { title: "Files", kind: "number", cell: (row) => count(row.value.files) },
      { title: "Jobs complete", kind: "number", cell: (row) => count(row.value.completed) },
      { title: "Jobs failed", kind: "number", cell: (row) => h("span", { title: reasons(row.value) }, count(row.value.failed)) },
      { title: "Job time", kind: "number", cell: (row) => duration(row.value.job_seconds) },
    ],
    sort: "",
    empty,
  });
  return [h("div.plots", {}, () => charts(JSON.parse(charted.value))), h("h2", {}, "By owner"), list.node];
}

function noUsage() {
  return emptyState("No usage yet", "The storage and the job time of each user appear here.");
}

function periods(days) {
  return h(
    "nav.periods",
    { "aria-label": "Period" },
    PERIODS.map((period) => h("a.button", { href: `${route.peek().path}?days=${period}`, "aria-current": period === days && "true" }, `${period} days`)),
  );
}

function charts(days) {
  if (days.length === 0) return null;
  return [
    chart("Job time per day", days, (day) => day.job_seconds, duration),
    chart("Finished jobs per day", days, (day) => day.completed + day.failed, (number) => count(Math.round(number * 10) / 10)),
    chart("Stored uploads per day", days, (day) => day.bytes_uploaded, size),
  ];
}

function chart(title, days, value, format) {
  const steps = days.map((day) => ({ label: date(day.date), value: value(day) }));
  const isEmpty = steps.every((step) => step.value === 0);
  return h("div.card", {}, isEmpty ? h("figure.chart", {}, h("figcaption", {}, title), h("p.none", {}, "None in this period")) : bars(title, steps, format));
}

/** The number of failed jobs by failure type, as a tooltip. */
function reasons({ failures }) {
  return Object.entries(failures)
    .filter(([, number]) => number > 0)
    .map(([kind, number]) => `${kind.toLowerCase()}: ${count(number)}`)
    .join(", ");
}
