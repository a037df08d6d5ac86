/** Small elements that many pages use: headings, state badges, progress bars, dates, empty states, copy buttons, code. */

import { h } from "../core/dom.js";
import { ago, dateTime, percent } from "../core/format.js";
import { notify } from "./notices.js";
import { button } from "./form.js";

/** The heading of a page, with actions beside it. */
export function heading(title, ...actions) {
  return h("div.heading", {}, h("h1", { tabindex: "-1" }, title), h("div.actions", {}, actions));
}

/** A badge with the state of a job, in the state's colour. */
export function stateBadge(state) {
  return h("span.state", { "data-state": state }, state.toLowerCase());
}

/** A progress bar. `fraction` is 0 to 1, null while it is not known, or a function that is read as an effect. */
export function progressBar(fraction, label = "Progress") {
  const read = typeof fraction === "function" ? fraction : () => fraction;
  return h("progress", { max: 1, value: read, "aria-label": label, title: () => (read() ?? null) !== null && percent(read()) });
}

/** A date relative to now, with the exact time as a tooltip; empty without a date. */
export function timeAgo(text) {
  return text ? h("time", { datetime: text, title: dateTime(text) }, ago(text)) : "";
}

/** An empty state: what will appear here, and buttons that make it appear. */
export function emptyState(title, text, ...actions) {
  return h("div.empty", {}, h("h2", {}, title), h("p", {}, text), actions.length > 0 && h("div.actions", {}, actions));
}

/** A list of names and values. Pairs without a value are left out. */
export function facts(pairs) {
  return h(
    "dl.facts",
    {},
    pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** A text with a button that copies it. */
export function copyable(text) {
  return h("span.copyable", {}, h("code", {}, text), copyButton(text));
}

/** A button that copies `text`, or what the function `text` returns when it is pressed. */
export function copyButton(text, title = "Copy") {
  return button(title, () => copyText(typeof text === "function" ? text() : text), { symbol: "copy", kind: "plain", isIconOnly: true });
}

/** Copy `text` to the clipboard, and say so. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages served over plain HTTP have no clipboard API; the deprecated way still works there.
    const area = h("textarea", { value: text, class: "visually-hidden" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  notify("Copied");
}

/** A block of code under a title, with a copy button. A function as `text` keeps it up to date. */
export function codeBlock(title, text) {
  const read = typeof text === "function" ? text : () => text;
  return h(
    "figure.code",
    {},
    h("figcaption", {}, h("span", {}, title), copyButton(read, `Copy: ${title}`)),
    h("pre", { tabindex: "0", role: "region", "aria-label": title }, h("code", {}, read)),
  );
}

/** Shown while something loads. */
export const loading = (text = "Loading…") => h("p.loading", { role: "status" }, text);
