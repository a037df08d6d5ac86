/** Small things that many pages show: states, progress, times, sizes, what is empty, what can be copied. */

import { h } from "../core/dom.js";
import { ago, dateTime, percent } from "../core/format.js";
import { notify } from "./notices.js";
import { button } from "./form.js";

/** A page's heading, with what stands beside it. */
export function heading(title, ...beside) {
  return h("div.heading", {}, h("h1", { tabindex: "-1" }, title), h("div.actions", {}, beside));
}

/** The state of a job, in a colour of its own and in words. */
export function stateBadge(state) {
  return h("span.state", { "data-state": state }, state.toLowerCase());
}

/** A bar; `fraction` is 0 to 1, null while nobody knows, or a function that is read as an effect. */
export function progressBar(fraction, label = "progress") {
  const read = typeof fraction === "function" ? fraction : () => fraction;
  return h("progress", { max: 1, value: read, "aria-label": label, title: () => (read() ?? null) !== null && percent(read()) });
}

/** How long ago, with the exact time for who points at it. */
export function when(text) {
  return text ? h("time", { datetime: text, title: dateTime(text) }, ago(text)) : "";
}

/** What a list shows while there is nothing in it. */
export function emptiness(title, text, ...actions) {
  return h("div.empty", {}, h("h2", {}, title), h("p", {}, text), actions.length > 0 && h("div.actions", {}, actions));
}

/** Pairs of a name and a value. Values that are null are left out. */
export function facts(pairs) {
  return h(
    "dl.facts",
    {},
    pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** A text with a button that copies it. */
export function copyable(text) {
  return h("span.copyable", {}, h("code", {}, text), copyButton(text));
}

/** A button that copies `text`; a function is asked for it at that moment. */
export function copyButton(text, title = "Copy") {
  return button(title, () => copyText(typeof text === "function" ? text() : text), { symbol: "copy", kind: "plain", isIconOnly: true });
}

/** Put `text` on the clipboard, and say so. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages that come by plain HTTP from another machine have no clipboard; the older way still works there.
    const area = h("textarea", { value: text, class: "unseen" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  notify("Copied");
}

/** What is shown while something loads. */
export const loading = (text = "Loading…") => h("p.loading", { role: "status" }, text);
