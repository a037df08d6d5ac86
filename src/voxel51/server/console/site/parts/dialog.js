/** Dialogs on the browser's own `<dialog>`, which keeps the focus inside and closes on Escape. */

import { append, h } from "../core/dom.js";
import { Scope, listen } from "../core/reactive.js";
import { icon } from "./icons.js";

let dialogCount = 0;

/**
 * Open a dialog; resolves to the value that it was closed with, undefined if it was dismissed.
 *
 * @param {string} title
 * @param {(close: (value) => void) => Node|Array} content made in a scope that ends with the dialog
 */
export function dialog(title, content, { isWide = false } = {}) {
  const scope = new Scope();
  dialogCount += 1;
  const titleId = `dialog-${dialogCount}`;
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
      listen(window, "popstate", () => close()); // the user left its page
    });
    document.body.append(element);
    element.showModal();
    element.querySelector("[autofocus]")?.focus();
  });
}

/** Ask for confirmation, as before something that cannot be undone; resolves to whether the user confirmed. */
export async function confirmAction(title, text, verb, { isDangerous = true, dismiss = "Cancel" } = {}) {
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
        h("button", { type: "button", onclick: () => close(false) }, dismiss),
        h(isDangerous ? "button.danger" : "button.primary", { type: "submit", autofocus: true }, verb),
      ),
    ),
  );
  return answer === true;
}
