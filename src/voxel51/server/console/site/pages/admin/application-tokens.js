/** Dialogs that create and revoke tokens of applications. Each resolves to whether it was done. */

import { h } from "../../core/dom.js";
import { call, save } from "../../core/api.js";
import { confirmAction, dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form } from "../../parts/form.js";
import { attempt, notify } from "../../parts/notices.js";

const SCOPES = {
  read: "view and download videos and results of its users",
  upload: "add, change and delete videos and analytics",
  run: "submit, cancel, archive and delete jobs",
  manage: "manage its users, their tokens, webhooks and share links",
};

/** Ask for the properties of a new token of the application `name`, create it, and download its file. */
export async function createToken(name, path) {
  const file = await dialog(`New token for "${name}"`, (close) =>
    form(
      [
        field("Name", h("input", { name: "name", required: true, maxlength: 128, autofocus: true, autocomplete: "off" }), { hint: "Where it is used, for example \"production\"." }),
        h("fieldset", {}, h("legend", {}, "Scopes"), Object.entries(SCOPES).map(scopeCheckbox)),
        field("Expires after (days)", h("input", { name: "days", type: "number", min: 1, max: 36525, step: 1 }), { hint: "Leave empty for a token that does not expire." }),
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

/** Revoke a token after confirmation. */
export async function revokeToken(token, path) {
  const text = `Programs that use "${token.name}" lose access. This cannot be undone.`;
  if (!(await confirmAction(`Revoke "${token.name}"?`, text, "Revoke token"))) return false;
  return attempt(async () => {
    await call("DELETE", `${path}/tokens/${encodeURIComponent(token.id)}`);
    notify(`Token "${token.name}" revoked`);
  });
}

function scopeCheckbox([name, text]) {
  return checkbox([h("strong", {}, name), ` – ${text}`], { name: `scope-${name}`, checked: true });
}

function handOut(filename, file) {
  const download = () => save(`${JSON.stringify(file, null, 4)}\n`, filename, "application/json");
  download();
  return dialog("Token created", (close) =>
    h(
      "div",
      {},
      h("p", {}, "The token file ", h("code", {}, filename), " is in your downloads. It cannot be downloaded later. Keep it as secret as a password."),
      h("footer", {}, button("Download again", download, { symbol: "download" }), button("Done", () => close(true), { kind: "primary", autofocus: true })),
    ),
  );
}
