/** The uploads of this browser, at the edge of every page. */

import { each, h } from "../core/dom.js";
import { count, duration, percent, size } from "../core/format.js";
import { computed, effect, signal } from "../core/reactive.js";
import { may } from "../core/session.js";
import { button } from "../parts/form.js";
import { icon } from "../parts/icons.js";
import { attempt } from "../parts/notices.js";
import { progressBar } from "../parts/show.js";
import { chooseFiles, dropCover } from "./begin.js";
import { clearDone, dismiss, hold, isUnderWay, onAdded, resume, uploads } from "./queue.js";

const isOpen = signal(true);
const said = signal("");

/** The tray, and what takes drops; for the frame. */
export function tray() {
  const running = computed(() => uploads.value.filter(isUnderWay));
  onAdded(({ name }) => (said.value = `${name} is uploaded`));
  let known = 0;
  effect(() => {
    const { length } = uploads.value;
    if (length > known) isOpen.value = true;
    known = length;
  });
  return [
    dropCover(() => may("upload")),
    h("p.unseen", { role: "status" }, () => said.value),
    h(
      "section.tray",
      { "aria-label": "Uploads", hidden: () => uploads.value.length === 0, class: () => (isOpen.value ? "" : "closed") },
      header(running),
      h("ul", { hidden: () => !isOpen.value, tabindex: "0", "aria-label": "Files" }, each(() => uploads.value, ({ id }) => id, (upload) => row(upload.value))),
      () => isOpen.value && footer(running),
    ),
  ];
}

function header(running) {
  return h(
    "header",
    {},
    h("h2", {}, () => summary(running.value, uploads.value)),
    button("Show or hide the files", () => (isOpen.value = !isOpen.peek()), {
      symbol: "chevron",
      kind: "plain",
      isIconOnly: true,
      "aria-expanded": () => String(isOpen.value),
    }),
    () => running.value.length > 0 && progressBar(share(running.value), "All uploads"),
  );
}

function summary(running, all) {
  if (running.length) return `Uploading ${files(running.length)} · ${percent(share(running))}`;
  const failed = all.filter(({ state }) => state.value === "failed").length;
  if (failed) return `${files(failed)} could not be uploaded`;
  const left = all.filter(({ state }) => state.value !== "done").length;
  return left ? `${files(left)} to go on with` : `${files(all.length)} uploaded`;
}

const files = (number) => (number === 1 ? "1 file" : `${count(number)} files`);

function share(some) {
  const whole = some.reduce((sum, upload) => sum + upload.size, 0);
  return whole ? some.reduce((sum, { sent }) => sum + sent.value, 0) / whole : 0;
}

function footer(running) {
  const done = uploads.value.filter(({ state }) => state.value === "done");
  const paused = uploads.value.filter(({ state }) => state.value === "paused");
  const entries = [
    done.length > 1 && may("run") && h("a.button", { href: runOn(done) }, icon("play"), `Run an analytic on all ${count(done.length)}`),
    running.value.length > 1 && button("Pause all", () => running.peek().forEach(hold), { symbol: "pause" }),
    paused.length > 1 && button("Resume all", () => paused.forEach(resume), { symbol: "play" }),
    done.length > 0 && button("Clear finished", clearDone),
  ].filter(Boolean);
  return entries.length > 0 && h("footer", {}, entries);
}

function row(upload) {
  return h(
    "li",
    { "data-state": () => upload.state.value },
    h("p.name", { title: upload.name }, h("bdi", {}, upload.name)),
    h("div.buttons", {}, controls(upload)),
    () => !["done", "failed"].includes(upload.state.value) && progressBar(() => fraction(upload), `Upload of ${upload.name}`),
    h("p.state-line", {}, () => line(upload)),
    () => upload.state.value === "done" && next(upload),
  );
}

const fraction = ({ sent, size: whole }) => (whole ? sent.value / whole : 0);

function line(upload) {
  const { state, sent, speed, trouble, size: whole } = upload;
  const arrived = `${size(sent.value)} of ${size(whole)}`;
  if (state.value === "waiting") return `Waits for its turn · ${size(whole)}`;
  if (state.value === "paused") return `Paused · ${arrived}`;
  if (state.value === "interrupted") return `Interrupted · ${arrived}. Choose the same file again to go on.`;
  if (state.value === "away") return `${navigator.onLine ? trouble.value : "There is no network. It goes on by itself."} · ${arrived}`;
  if (state.value === "failed") return trouble.value;
  if (state.value === "done") return `Uploaded · ${size(whole)}`;
  if (sent.value >= whole) return "Finishing…";
  return speed.value ? `${arrived} · ${size(speed.value)}/s · ${timeLeft((whole - sent.value) / speed.value)}` : arrived;
}

const timeLeft = (seconds) => (seconds < 10 ? "a few seconds left" : `${duration(seconds)} left`);

/** One button that stops or goes on, so that the focus stays where it is; and one that ends it. */
function controls(upload) {
  const now = () => MOVES[upload.state.value] ?? MOVES.sending;
  const title = () => now().title(upload.name);
  return [
    h("button.plain", { type: "button", hidden: () => upload.state.value === "done", "aria-label": title, title, onclick: () => now().run(upload) }, () => icon(now().symbol)),
    h("button.plain", { type: "button", "aria-label": () => ending(upload), title: () => ending(upload), onclick: () => attempt(() => dismiss(upload)) }, icon("close")),
  ];
}

const MOVES = {
  sending: { title: (name) => `Pause ${name}`, symbol: "pause", run: hold },
  paused: { title: (name) => `Resume ${name}`, symbol: "play", run: resume },
  failed: { title: (name) => `Try ${name} again`, symbol: "refresh", run: (upload) => (upload.file ? resume(upload) : chooseFiles()) },
  interrupted: { title: (name) => `Choose ${name} again`, symbol: "upload", run: chooseFiles },
};

const ENDINGS = { done: "Hide", interrupted: "Forget" };
const ending = ({ state, name }) => `${ENDINGS[state.value] ?? "Cancel"} ${name}`;

function next(upload) {
  const id = encodeURIComponent(upload.dataId.value);
  // Who goes on with the file wants to see the page, unless there is something to wait for.
  const onclick = () => (isOpen.value = uploads.peek().some(isUnderWay));
  return h("p.next", {}, h("a", { href: `/data/${id}`, onclick }, "Look at it"), may("run") && h("a", { href: runOn([upload]), onclick }, "Run an analytic"));
}

const runOn = (some) => `/analytics?data=${some.map(({ dataId }) => encodeURIComponent(dataId.value)).join(",")}`;
