/** The admin overview: health, queue, running jobs, throughput and workers, refreshed every few seconds. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, every } from "../../core/reactive.js";
import { errorText } from "../../parts/notices.js";
import { loadError, resource } from "../../parts/load.js";
import { loading } from "../../parts/elements.js";
import { adminPage } from "./admin-page.js";
import { controlSection } from "./controls.js";
import { checks } from "./health.js";
import { figures, throughput } from "./queue.js";
import { runningJobs } from "./running-jobs.js";
import { workers } from "./workers.js";

const REFRESH_MILLISECONDS = 5000;

export function page() {
  return adminPage("Overview", () => {
    const { state, reload } = resource(fetchOverview);
    every(REFRESH_MILLISECONDS, reload);
    const isThere = computed(() => state.value.isThere);
    const error = computed(() => state.value.error);
    return [
      () => isThere.value && error.value && h("p.stale", { role: "alert" }, `This page is out of date. ${errorText(error.value)}`),
      () => {
        if (isThere.value) return overview((choose) => partOf(state, choose), reload);
        return error.value ? loadError(error.value, reload) : loading();
      },
    ];
  });
}

async function fetchOverview(signal) {
  const [queue, { controls }, { workers: all }, { checks: results }] = await Promise.all(["queue", "queue/controls", "workers", "health"].map((name) => get(`/admin/${name}`, {}, { signal })));
  return { queue, controls, workers: all, checks: results };
}

/** A signal of one part of the state. It compares by content, so that an unchanged part is not drawn again. */
function partOf(state, choose) {
  const text = computed(() => JSON.stringify(choose(state.value.value)));
  return computed(() => JSON.parse(text.value));
}

function overview(part, reload) {
  const hours = part(({ queue }) => queue.throughput);
  return [
    checks(part((all) => all.checks)),
    figures(part(({ queue }) => ({ ...queue, running: [], throughput: [] }))),
    controlSection(part(({ controls }) => controls), reload),
    runningJobs(part(({ queue }) => queue.running)),
    h("div.panels", {}, h("section.card", {}, h("h2", {}, "Last 24 hours"), () => throughput(hours.value)), workers(part((all) => all.workers))),
  ];
}
