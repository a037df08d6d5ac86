/** What executes jobs, and what its machine has to spare. */

import { each, h } from "../../core/dom.js";
import { count, percent, size } from "../../core/format.js";
import { when } from "../../parts/show.js";

const TIGHT = 0.9;

/** @param {{value: Array}} executing a signal of workers (`voxel51.wire.overview.Worker`) */
export function workers(executing) {
  return h("section.card.workers", { "aria-label": "Workers" }, h("h2", {}, "Workers"), each(() => executing.value, ({ engine, name }) => `${engine} ${name}`, worker));
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
    h("p.soft", {}, () => [`${one.value.engine}, `, one.value.started_at ? ["since ", when(one.value.started_at)] : "not begun"]),
    h("dl.meters", {}, () => meters(one.value)),
  );
}

function meters({ jobs, renditions, cores, load, memory, disk }) {
  return [
    meter("Jobs", jobs.used_slots, jobs.total_slots, `${count(jobs.used_slots)} of ${count(jobs.total_slots)} slots`, { canBeFull: true }),
    meter("Renditions", renditions.used_slots, renditions.total_slots, `${count(renditions.used_slots)} of ${count(renditions.total_slots)} slots`, { canBeFull: true }),
    load ? meter("Load", load[0], cores, `${load.map((each) => each.toFixed(1)).join(", ")} on ${count(cores)} cores`) : told("Cores", count(cores)),
    memory && meter("Memory", memory.total - memory.available, memory.total, `${size(memory.available)} of ${size(memory.total)} to spare`),
    disk && meter("Disk", disk.total - disk.free, disk.total, `${size(disk.free)} of ${size(disk.total)} free`),
  ];
}

function meter(title, used, there, text, { canBeFull = false } = {}) {
  const fraction = there ? Math.min(1, used / there) : 0;
  const isTight = !canBeFull && fraction >= TIGHT;
  return h(
    "div",
    {},
    h("dt", {}, title),
    h("dd", {}, h("progress", { class: isTight ? "tight" : "", max: 1, value: fraction, "aria-label": `${title} in use`, title: percent(fraction) }), h("span", {}, text)),
  );
}

const told = (title, text) => h("div", {}, h("dt", {}, title), h("dd", {}, text));
