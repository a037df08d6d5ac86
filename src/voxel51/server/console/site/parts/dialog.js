/** Dialogs, by the browser's own element: it keeps the focus inside, and Escape closes. */

import { append, h } from "../core/dom.js";
import { Scope, listen } from "../core/reactive.js";
import { icon } from "./icons.js";

let made = 0;

/**
 * Open a dialog; resolves to what it was closed with, undefined where somebody left it.
 *
 * @param {string} title
 * @param {(close: (value) => void) => Node|Array} content made in a scope that ends with the dialog
 */
export function dialog(title, content, { isWide = false } = {}) {
  const scope = new Scope();
  made += 1;
  const titleId = `dialog-${made}`;
  return new Promise((resolve) => {
    let result;
    const close = (value) => {
      result = value;
      element.close();
    };
    const element = h(
      isWide ? "dialog.wide" : "dialog",
      {
        "aria-labelledby": titleId,
        onclose: () => {
          scope.end();
          element.remove();
          resolve(result);
        },
      },
      h("header", {}, h("h2", { id: titleId }, title), h("button.plain", { type: "button", onclick: () => close(), "aria-label": "Close" }, icon("close"))),
    );
    scope.run(() => {
      append(element, [content(close)]);
      listen(window, "popstate", () => close()); // its page is left
    });
    document.body.append(element);
    element.showModal();
    element.querySelector("[autofocus]")?.focus();
  });
}

/** Ask before something that cannot be undone; resolves to whether it is wanted. */
export async function confirmed(title, text, verb, { isDangerous = true } = {}) {
  const answer = await dialog(title, (close) =>
    h(
      "form",
      {
        method: "dialog",
        onsubmit: (event) => {
          event.preventDefault();
          close(true);
        },
      },
      h("p", {}, text),
      h(
        "footer",
        {},
        h("button", { type: "button", onclick: () => close(false) }, "Cancel"),
        h(isDangerous ? "button.danger" : "button.primary", { type: "submit", autofocus: true }, verb),
      ),
    ),
  );
  return answer === true;
}
