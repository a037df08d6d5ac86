/** The build of a deployed analytic: its state, its log while it grows, its error, and the first run. */

import { h } from "../../../core/dom.js";
import { call, get, pause } from "../../../core/api.js";
import { currentScope, signal } from "../../../core/reactive.js";
import { button } from "../../../parts/form.js";
import { icon } from "../../../parts/icons.js";
import { errorText } from "../../../parts/notices.js";
import { pathOf } from "../naming.js";
import { sampleVideo } from "../sample-video.js";
import { runOn } from "../try-out.js";
import { problemCard } from "./problem.js";

const POLL_MILLISECONDS = 700;
const MAX_LOG_CHARACTERS = 200_000;
const TITLES = { QUEUED: "Waiting to be built", BUILDING: "Building", READY: "Ready to run", FAILED: "Build failed" };

/**
 * @param {object} analytic the record
 * @param {(build: object) => void} onEnd called with the build when it has ended
 */
export function buildPanel(analytic, onEnd = () => null) {
  const [build, log, trouble] = [signal(null), signal(""), signal("")];
  const left = new AbortController();
  currentScope()?.onEnd(() => left.abort());
  follow(analytic.id, build, log, left.signal).then(onEnd, (error) => {
    if (error.name !== "AbortError") trouble.value = errorText(error);
  });
  const state = () => build.value?.state ?? "QUEUED";
  return h(
    "section.card.build",
    { "aria-label": "Build" },
    h("h2", {}, h("span", { role: "status" }, () => TITLES[state()])),
    () => build.value?.error && problemCard(build.value.error, state() === "FAILED" ? "The analytic could not be built" : "The build waits, and is tried again"),
    () => state() === "READY" && firstRun(analytic),
    h("p.error", { role: "alert" }, () => trouble.value),
    h("details", { open: true }, h("summary", {}, "Build log"), logBox(log)),
  );
}

/** Buttons that run the analytic for the first time. */
function firstRun(analytic) {
  return h(
    "div.actions",
    {},
    button("Run on the sample video", async () => runOn(analytic, await sampleVideo()), { symbol: "play", kind: "primary" }),
    h("a.button", { href: `${pathOf(analytic)}/run` }, "Run on your own video"),
    h("a.button", { href: pathOf(analytic) }, icon("analytics"), "Open the analytic"),
  );
}

function logBox(log) {
  const box = h("pre.log", { tabindex: "0", role: "region", "aria-label": "Build log" }, () => {
    queueMicrotask(() => (box.scrollTop = box.scrollHeight));
    return log.value;
  });
  return box;
}

/** Fetch the build and its log again and again until both are complete; resolves to the build. */
async function follow(id, build, log, left) {
  const path = `/analytics/${encodeURIComponent(id)}/build`;
  for (let offset = 0; ; ) {
    build.value = (await get(path, {}, { signal: left })).build;
    const part = await call("GET", `${path}/log`, { query: { offset }, signal: left });
    offset = part.next_offset;
    if (part.text) log.value = (log.peek() + part.text).slice(-MAX_LOG_CHARACTERS);
    if (part.is_complete && ["READY", "FAILED"].includes(build.peek().state)) return build.peek();
    if (!part.text || part.is_complete) await pause(POLL_MILLISECONDS, left);
  }
}
