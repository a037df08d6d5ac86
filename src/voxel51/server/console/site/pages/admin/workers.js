/** The workers that execute jobs, with the load, memory and disk of their machines. */

import { each, h } from "../../core/dom.js";
import { count, percent, size } from "../../core/format.js";
import { timeAgo } from "../../parts/elements.js";

const NEARLY_FULL = 0.9;

/** @param {{value: Array}} all a signal of workers (`voxel51.wire.overview.Worker`) */
export function workers(all) {
  return h("section.card.workers", { "aria-label": "Workers" }, h("h2", {}, "Workers"), each(() => all.value, ({ engine, name }) => `${engine} ${name}`, worker));
}

function worker(one) {
  return h(
    "article.worker",
    {},
    h(
      "h3",
      {},
      () => one.value.name,
      " ",
      h("span.state", { class: () => (one.value.dispatching ? "good" : "bad") }, () => (one.value.dispatching ? "working" : "not working")),
    ),
    h("p.muted", {}, () => [`${one.value.engine}, `, one.value.started_at ? ["started ", timeAgo(one.value.started_at)] : "not started"]),
    h("dl.meters", {}, () => meters(one.value)),
  );
}

function meters({ jobs, renditions, cores, load, memory, disk }) {
  return [
    meter("Jobs", jobs.used_slots, jobs.total_slots, `${count(jobs.used_slots)} of ${count(jobs.total_slots)} slots used`, { canBeFull: true }),
    meter("Renditions", renditions.used_slots, renditions.total_slots, `${count(renditions.used_slots)} of ${count(renditions.total_slots)} slots used`, { canBeFull: true }),
    load ? meter("Load", load[0], cores, `${load.map((each) => each.toFixed(1)).join(", ")} on ${count(cores)} cores`) : figure("Cores", count(cores)),
    memory && meter("Memory", memory.total - memory.available, memory.total, `${size(memory.available)} of ${size(memory.total)} available`),
    disk && meter("Disk", disk.total - disk.free, disk.total, `${size(disk.free)} of ${size(disk.total)} free`),
  ];
}

/** A meter. One that is nearly full is highlighted, except slots, which are meant to be in use. */
function meter(title, used, total, text, { canBeFull = false } = {}) {
  const fraction = total ? Math.min(1, used / total) : 0;
  const isTight = !canBeFull && fraction >= NEARLY_FULL;
  return h(
    "div",
    {},
    h("dt", {}, title),
    h("dd", {}, h("progress", { class: isTight ? "tight" : "", max: 1, value: fraction, "aria-label": `${title} in use`, title: percent(fraction) }), h("span", {}, text)),
  );
}

const figure = (title, text) => h("div", {}, h("dt", {}, title), h("dd", {}, text));
