/** Handing out a link that works once and is never shown again. */

import { h } from "../../core/dom.js";
import { dateTime } from "../../core/format.js";
import { dialog } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { copyButton } from "../../parts/show.js";

/** @param {string} path what follows the platform's address */
export function handOutLink(title, text, path, ends) {
  const link = location.origin + path;
  return dialog(title, (close) =>
    h(
      "div",
      {},
      h("p", {}, text, ` It ends on ${dateTime(ends)}, and it is not shown again.`),
      h("div.handed-link", {}, h("input", { readonly: true, value: link, "aria-label": "Link", onfocus: (event) => event.target.select() }), copyButton(link, "Copy the link")),
      h("footer", {}, button("Done", () => close(true), { kind: "primary" })),
    ),
  );
}
