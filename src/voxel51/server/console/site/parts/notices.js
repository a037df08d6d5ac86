/** Notices at the edge of the page, announced to screen readers as well; and the text of errors. */

import { h } from "../core/dom.js";
import { ApiError, Unreachable } from "../core/api.js";
import { icon } from "./icons.js";

const SHOWN_MILLISECONDS = 6000;
const region = h("div.notices", { role: "status", "aria-live": "polite" });

/** The region of all notices, for the layout. */
export const noticeRegion = () => region;

/** Show that something was done. `action` is `{title, run}`, such as to undo it. */
export function notify(text, action) {
  show("notice", "check", text, action, SHOWN_MILLISECONDS);
}

/** Show an error, until the user closes it. Errors that are not of the platform are logged to the browser's console. */
export function showError(error) {
  if (error?.name === "AbortError") return;
  if (!(error instanceof ApiError || error instanceof Unreachable)) console.error(error);
  show("notice.failure", "error", errorText(error), null, null);
}

/** Run `work`, and show its error if it fails; resolves to whether it succeeded. */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    showError(error);
    return false;
  }
}

/** Return the text of an error for the user. */
export function errorText(error) {
  if (error instanceof ApiError || error instanceof Unreachable) return error.message;
  return `Unexpected error: ${error?.message ?? error}`;
}

function show(kind, symbol, text, action, milliseconds) {
  const known = [...region.children].find((other) => other.dataset.text === text); // a repeated notice replaces the first
  known?.remove();
  const close = () => notice.remove();
  const notice = h(
    `div.${kind}`,
    { "data-text": text },
    icon(symbol),
    h("p", {}, text),
    action && h("button.link", { type: "button", onclick: () => (close(), action.run()) }, action.title),
    h("button.plain", { type: "button", onclick: close, "aria-label": "Dismiss" }, icon("close")),
  );
  region.append(notice);
  if (milliseconds) setTimeout(close, milliseconds);
}
