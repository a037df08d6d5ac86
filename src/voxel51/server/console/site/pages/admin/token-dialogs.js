/** Making and ending tokens of applications. Each resolves to whether that was done. */

import { h } from "../../core/dom.js";
import { call, save } from "../../core/api.js";
import { confirmed, dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form } from "../../parts/form.js";
import { attempt, notify } from "../../parts/notices.js";

const SCOPES = {
  read: "look at what is there, and download it",
  upload: "add, change and delete videos and analytics",
  run: "submit, stop, archive and delete jobs",
  manage: "its users, and their tokens, webhooks and share links",
};

/** Ask for what a new token of the application `name` is to be, make it, and have its file downloaded. */
export async function makeToken(name, path) {
  const file = await dialog(`New token of "${name}"`, (close) =>
    form(
      [
        field("Name", h("input", { name: "name", required: true, maxlength: 128, autofocus: true, autocomplete: "off" }), { hint: "Where it is used, such as \"production\"." }),
        h("fieldset", {}, h("legend", {}, "Good for"), Object.entries(SCOPES).map(scopeBox)),
        field("Days until it ends", h("input", { name: "days", type: "number", min: 1, max: 36525, step: 1 }), { hint: "Empty: it does not end." }),
      ],
      {
        verb: "Create and download",
        cancel: () => close(),
        submit: async (values) => {
          const scopes = Object.keys(SCOPES).filter((scope) => values[`scope-${scope}`]);
          const days = values.days === "" ? null : Number(values.days);
          close(await call("POST", `${path}/tokens`, { json: { name: values.name, scopes, days } }));
        },
      },
    ),
  );
  if (file) await handOut(`${name}-token.json`, file);
  return Boolean(file);
}

/** End a token, where that is wanted. */
export async function revokeToken(token, path) {
  const text = `Whatever uses "${token.name}" is refused from then on. This cannot be undone.`;
  if (!(await confirmed(`Revoke "${token.name}"?`, text, "Revoke"))) return false;
  return attempt(async () => {
    await call("DELETE", `${path}/tokens/${encodeURIComponent(token.id)}`);
    notify(`The token "${token.name}" is revoked.`);
  });
}

function scopeBox([name, text]) {
  return checkbox([h("strong", {}, name), ` – ${text}`], { name: `scope-${name}`, checked: true });
}

function handOut(filename, file) {
  const download = () => save(`${JSON.stringify(file, null, 4)}\n`, filename, "application/json");
  download();
  return dialog("The token is there", (close) =>
    h(
      "div",
      {},
      h("p", {}, "Its file ", h("code", {}, filename), " is among your downloads. It cannot be had again later, so keep it as you keep a password."),
      h("footer", {}, button("Download again", download, { symbol: "download" }), button("Done", () => close(true), { kind: "primary", autofocus: true })),
    ),
  );
}
