/** How the platform is: what waits, what runs, what executes it, and what is wrong. It follows what happens. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, every } from "../../core/reactive.js";
import { textOf } from "../../parts/notices.js";
import { failure, resource } from "../../parts/load.js";
import { loading } from "../../parts/show.js";
import { adminPage } from "./around.js";
import { checks } from "./health.js";
import { figures, throughput } from "./queue.js";
import { runningJobs } from "./running.js";
import { workers } from "./workers.js";

const AGAIN_MILLISECONDS = 5000;

export function page() {
  return adminPage("Overview", () => {
    const { state, reload } = resource(look);
    every(AGAIN_MILLISECONDS, reload);
    const isThere = computed(() => state.value.isThere);
    const error = computed(() => state.value.error);
    return [
      () => isThere.value && error.value && h("p.stale", { role: "alert" }, `What follows is not up to date. ${textOf(error.value)}`),
      () => {
        if (isThere.value) return overview((choose) => follow(state, choose));
        return error.value ? failure(error.value, reload) : loading();
      },
    ];
  });
}

async function look(signal) {
  const [queue, { workers: executing }, { checks: looked }] = await Promise.all(
    ["queue", "workers", "health"].map((name) => get(`/admin/${name}`, {}, { signal })),
  );
  return { queue, workers: executing, checks: looked };
}

/** A part of what is known, as a signal that changes only where that part is another: what did not change stays drawn. */
function follow(state, choose) {
  const text = computed(() => JSON.stringify(choose(state.value.value)));
  return computed(() => JSON.parse(text.value));
}

function overview(following) {
  const hours = following(({ queue }) => queue.throughput);
  return [
    checks(following((seen) => seen.checks)),
    figures(following(({ queue }) => ({ ...queue, running: [], throughput: [] }))),
    runningJobs(following(({ queue }) => queue.running)),
    h("div.panels", {}, h("section.card", {}, h("h2", {}, "The last 24 hours"), () => throughput(hours.value)), workers(following((seen) => seen.workers))),
  ];
}
