/** The activity of a running job: its last log lines, and charts of its processors, memory and speed. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { clock, size } from "../../core/format.js";
import { every, signal } from "../../core/reactive.js";
import { lines } from "../../parts/chart.js";
import { emptyState } from "../../parts/elements.js";
import { showError } from "../../parts/notices.js";

const REFRESH_MILLISECONDS = 5000;
const COLOR = "var(--accent)";

/** The tab, which is kept up to date while the job runs. */
export function activityTab(job) {
  const activity = signal({ samples: [], log: "" });
  const load = async () => {
    try {
      activity.value = await get(`/jobs/${encodeURIComponent(job.peek().id)}/activity`);
    } catch (error) {
      showError(error);
    }
  };
  load();
  every(REFRESH_MILLISECONDS, () => job.peek().state === "RUNNING" && load());
  return () => {
    const { samples, log } = activity.value;
    if (!samples.length) return emptyState("No activity yet", "Log lines, processors, memory and speed of the job appear here when it has run for some seconds.");
    return [charts(samples), log && liveLog(log)];
  };
}

function charts(samples) {
  if (samples.length < 2) return false;
  const ends = [samples[0], samples.at(-1)].map(({ at }) => clock((new Date(at) - new Date(samples[0].at)) / 1000));
  const chart = (title, read, format) => lines(title, [{ name: title, values: samples.map(read), color: COLOR }], ends, format);
  const round = (number) => String(Math.round(number * 10) / 10);
  return h(
    "div.panels",
    {},
    chart("Processors", ({ cpu }) => cpu, round),
    chart("Memory", ({ memory_bytes: bytes }) => bytes, size),
    samples.some((sample) => sample.frames_per_second !== undefined) && chart("Frames per second", (sample) => sample.frames_per_second ?? 0, round),
  );
}

function liveLog(text) {
  return h("section", {}, h("h2", {}, "Last log lines"), h("pre.log", { tabindex: "0", role: "region", "aria-label": "Last log lines" }, text));
}
