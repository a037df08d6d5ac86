/** Short notices at the edge of the page, told to screen readers as well. */

import { h } from "../core/dom.js";
import { Refused, Unreachable } from "../core/api.js";
import { icon } from "./icons.js";

const SHOWN_MILLISECONDS = 6000;
const region = h("div.notices", { role: "status", "aria-live": "polite" });

/** The place of all notices; the frame of the console shows it. */
export const noticeRegion = () => region;

/** Say that something was done. `action` is `{title, run}`, such as to undo it. */
export function notify(text, action) {
  show("notice", "check", text, action, SHOWN_MILLISECONDS);
}

/** Say what went wrong. It stays until somebody closes it. */
export function complain(error) {
  if (error?.name === "AbortError") return;
  if (!(error instanceof Refused || error instanceof Unreachable)) console.error(error);
  show("notice.failure", "error", textOf(error), null, null);
}

/** Run `work` and complain where it fails; returns whether it was done. */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** What to tell people of an error. */
export function textOf(error) {
  if (error instanceof Refused || error instanceof Unreachable) return error.message;
  return `Something in this page went wrong: ${error?.message ?? error}`;
}

function show(kind, symbol, text, action, milliseconds) {
  const known = [...region.children].find((other) => other.dataset.text === text);
  known?.remove();
  const close = () => notice.remove();
  const notice = h(
    `div.${kind}`,
    { "data-text": text },
    icon(symbol),
    h("p", {}, text),
    action && h("button.link", { type: "button", onclick: () => (close(), action.run()) }, action.title),
    h("button.plain", { type: "button", onclick: close, "aria-label": "Close this notice" }, icon("close")),
  );
  region.append(notice);
  if (milliseconds) setTimeout(close, milliseconds);
}
