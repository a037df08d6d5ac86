/** The upload tray: a panel on every page with the uploads of this browser. */

import { each, h } from "../core/dom.js";
import { count, duration, percent, size } from "../core/format.js";
import { computed, effect, onEnd, signal } from "../core/reactive.js";
import { hasScope } from "../core/session.js";
import { button, busyWhile } from "../parts/form.js";
import { icon } from "../parts/icons.js";
import { poster } from "../parts/poster.js";
import { progressBar } from "../parts/elements.js";
import { chooseFiles, dropCover } from "./upload-controls.js";
import { isNamedMedia } from "./media-check.js";
import { clearDone, removeUpload, pauseUpload, isActive, onAdded, resumeUpload, uploads } from "./queue.js";

/** Time after the last upload until the tray leaves; pointing at it or a focus inside keeps it. */
const LINGER_MILLISECONDS = 10_000;

const isOpen = signal(true);
const isHeld = signal(false);
const announcement = signal("");

/** The tray and the cover that accepts drops, for the layout. */
export function tray() {
  const running = computed(() => uploads.value.filter(isActive));
  onAdded(({ name }) => (announcement.value = `${name} uploaded`));
  let known = 0;
  effect(() => {
    const { length } = uploads.value;
    if (length > known) isOpen.value = true;
    known = length;
  });
  effect(leaveWhenDone);
  return [
    dropCover(() => hasScope("upload")),
    h("p.visually-hidden", { role: "status" }, () => announcement.value),
    h(
      "section.tray",
      { "aria-label": "Uploads", hidden: () => uploads.value.length === 0, class: () => (isOpen.value ? "" : "closed"), ...holding },
      header(running),
      h("ul", { hidden: () => !isOpen.value, tabindex: "0", "aria-label": "Files" }, each(flaggedFirst, ({ id }) => id, (upload) => row(upload.value))),
      () => isOpen.value && footer(running),
    ),
  ];
}

/** Listeners that keep the tray while the user is at it. */
const holding = {
  onpointerenter: () => (isHeld.value = true),
  onpointerleave: ({ currentTarget }) => (isHeld.value = currentTarget.contains(document.activeElement)),
  onfocusin: () => (isHeld.value = true),
  onfocusout: ({ currentTarget }) => (isHeld.value = currentTarget.matches(":hover")),
};

/** Clear the list some time after all files are uploaded. Files with a problem stay until the user has cleared them. */
function leaveWhenDone() {
  if (uploads.value.length === 0) isHeld.value = false; // a tray that is hidden reports no end of hovering
  const isDone = uploads.value.length > 0 && uploads.value.every(({ state, flag }) => state.value === "done" && !flag.value);
  if (!isDone || isHeld.value) return;
  const timer = setTimeout(clearDone, LINGER_MILLISECONDS);
  onEnd(() => clearTimeout(timer));
}

/** All uploads, those with a problem at the top, where they are seen. */
const flaggedFirst = () => [...uploads.value].sort((one, other) => Boolean(other.flag.value) - Boolean(one.flag.value));

function header(running) {
  return h(
    "header",
    {},
    h("h2", {}, () => summary(running.value, uploads.value)),
    button("Show or hide files", () => (isOpen.value = !isOpen.peek()), {
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
  if (failed) return `${files(failed)} failed to upload`;
  const left = all.filter(({ state }) => state.value !== "done").length;
  return left ? `${files(left)} not finished` : `${files(all.length)} uploaded`;
}

const files = (number) => (number === 1 ? "1 file" : `${count(number)} files`);

function share(some) {
  const whole = some.reduce((sum, upload) => sum + upload.size, 0);
  return whole ? some.reduce((sum, { sent }) => sum + sent.value, 0) / whole : 0;
}

function footer(running) {
  const done = uploads.value.filter(({ state }) => state.value === "done");
  const media = done.filter(({ flag }) => !flag.value);
  const paused = uploads.value.filter(({ state }) => state.value === "paused");
  const entries = [
    media.length > 1 && hasScope("run") && h("a.button", { href: runOn(media) }, icon("play"), `Run an analytic on all ${count(media.length)}`),
    running.value.length > 1 && button("Pause all", () => running.peek().forEach(pauseUpload), { symbol: "pause" }),
    paused.length > 1 && button("Resume all", () => paused.forEach(resumeUpload), { symbol: "play" }),
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
    () => upload.flag.value && h("p.flag", { role: "status" }, icon("error"), h("span", {}, upload.flag.value)),
    () => upload.state.value === "done" && next(upload),
  );
}

const fraction = ({ sent, size: whole }) => (whole ? sent.value / whole : 0);

function line(upload) {
  const { state, sent, speed, problem, size: whole } = upload;
  const arrived = `${size(sent.value)} of ${size(whole)}`;
  if (state.value === "waiting") return `Queued · ${size(whole)}`;
  if (state.value === "paused") return `Paused · ${arrived}`;
  if (state.value === "interrupted") return `Interrupted · ${arrived}. Choose the same file again to resume.`;
  if (state.value === "retrying") return `${navigator.onLine ? problem.value : "No network connection. The upload resumes automatically."} · ${arrived}`;
  if (state.value === "failed") return problem.value;
  if (state.value === "done") return `Uploaded · ${size(whole)}`;
  if (sent.value >= whole) return "Finishing…";
  return speed.value ? `${arrived} · ${size(speed.value)}/s · ${timeLeft((whole - sent.value) / speed.value)}` : arrived;
}

const timeLeft = (seconds) => (seconds < 10 ? "a few seconds left" : `${duration(seconds)} left`);

/** A button to pause or resume, and one to cancel. The first is one element for all states, so that it keeps the focus. */
function controls(upload) {
  const now = () => TRANSITIONS[upload.state.value] ?? TRANSITIONS.sending;
  const title = () => now().title(upload.name);
  return [
    h("button.plain", { type: "button", hidden: () => upload.state.value === "done", "aria-label": title, title, onclick: () => now().run(upload) }, () => icon(now().symbol)),
    h("button.plain", { type: "button", "aria-label": () => removal(upload), title: () => removal(upload), onclick: busyWhile(() => removeUpload(upload)) }, icon("close")),
  ];
}

const TRANSITIONS = {
  sending: { title: (name) => `Pause ${name}`, symbol: "pause", run: pauseUpload },
  paused: { title: (name) => `Resume ${name}`, symbol: "play", run: resumeUpload },
  failed: { title: (name) => `Retry ${name}`, symbol: "refresh", run: (upload) => (upload.file ? resumeUpload(upload) : chooseFiles()) },
  interrupted: { title: (name) => `Choose ${name} again`, symbol: "upload", run: chooseFiles },
};

const REMOVALS = { done: "Clear", interrupted: "Discard" };
const removal = ({ state, name }) => `${REMOVALS[state.value] ?? "Cancel"} ${name}`;

function next(upload) {
  const id = encodeURIComponent(upload.dataId.value);
  // Following a link collapses the tray, which would cover the page, unless uploads are still active.
  const onclick = () => (isOpen.value = uploads.peek().some(isActive));
  return h("p.next", {}, picture(upload), h("a", { href: `/data/${id}`, onclick }, "Open"), () => !upload.flag.value && hasScope("run") && h("a", { href: runOn([upload]), onclick }, "Run an analytic"));
}

/** The poster of a video that was uploaded. A file that the platform cannot decode is flagged with its reason. */
function picture({ dataId, name, type, flag }) {
  if (flag.peek() || !isNamedMedia({ name, type }) || /^(image|audio)\//.test(type)) return null;
  return poster(dataId.peek(), { onFailure: (reason) => (flag.value = reason) });
}

const runOn = (some) => `/analytics?data=${some.map(({ dataId }) => encodeURIComponent(dataId.value)).join(",")}`;
