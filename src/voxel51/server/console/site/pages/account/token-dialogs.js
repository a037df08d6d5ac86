/** Dialogs that create and rotate tokens of the account, and hand out their files. */

import { h } from "../../core/dom.js";
import { call, save } from "../../core/api.js";
import { session } from "../../core/session.js";
import { dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form, select } from "../../parts/form.js";
import { copyButton } from "../../parts/elements.js";

const SCOPES = {
  read: "view and download videos and results",
  upload: "add, change and delete videos and analytics",
  run: "submit, cancel, archive and delete jobs",
  manage: "manage tokens, webhooks and share links of the account",
  monitor: "read the metrics of the platform",
  administer: "manage the platform, its users and its settings",
};
const DEFAULT_SCOPES = new Set(["read", "upload", "run", "manage"]);
const FILE = "api-token.json";
const OLD_TOKEN_SECONDS = [
  ["0", "immediately"],
  ["3600", "in 1 hour"],
  ["86400", "in 1 day"],
  ["604800", "in 1 week"],
];
const PYTHON = `from voxel51.users.api import API

api = API()  # uses the activated token
print(api.list_data())`;

/** Ask for the properties of a new token, create it and hand it out; resolves to whether one was created. */
export async function createToken() {
  const created = await dialog("New token", (close) =>
    form(
      [
        field("Name", h("input", { name: "name", required: true, maxlength: 128, autofocus: true, autocomplete: "off" }), { hint: "The program that uses it, for example \"laptop\" or \"nightly import\"." }),
        h("fieldset", {}, h("legend", {}, "Scopes"), Object.keys(SCOPES).filter((name) => session.peek().scopes.includes(name)).map(scopeCheckbox)),
        field("Expires after (days)", h("input", { name: "days", type: "number", min: 1, max: 36525, step: 1, value: 90 }), { hint: "Leave empty for a token that does not expire." }),
      ],
      {
        verb: "Create token",
        cancel: () => close(),
        submit: async (values) => {
          const scopes = Object.keys(SCOPES).filter((name) => values[`scope-${name}`]);
          const json = { name: values.name, scopes, days: values.days === "" ? null : Number(values.days) };
          close({ name: values.name, file: await call("POST", "/account/tokens", { json }) });
        },
      },
    ),
  );
  if (created) await handOut(created.name, created.file);
  return Boolean(created);
}

/** Replace `token` with a new one and hand that out; resolves to whether it was replaced. */
export async function rotateToken(token) {
  const file = await dialog(`Rotate "${token.name}"`, (close) =>
    form([h("p", {}, "A new token with the same name, scopes and lifetime replaces this one."), field("Old token expires", select(OLD_TOKEN_SECONDS, { name: "keep", value: "86400" }))], {
      verb: "Rotate token",
      cancel: () => close(),
      submit: async ({ keep }) => {
        const path = `/account/tokens/${encodeURIComponent(token.id)}/rotate`;
        close(await call("POST", path, { json: { overlap_seconds: Number(keep) } }));
      },
    }),
  );
  if (file) await handOut(token.name, file);
  return Boolean(file);
}

function scopeCheckbox(name) {
  return checkbox([h("strong", {}, name), ` – ${SCOPES[name]}`], { name: `scope-${name}`, checked: DEFAULT_SCOPES.has(name) });
}

/** Show the file of a new token. The platform stores a hash only, so it cannot be shown again. */
function handOut(name, file) {
  const text = `${JSON.stringify(file, null, 4)}\n`;
  return dialog(
    `Token "${name}" created`,
    (close) =>
      h(
        "div.handout",
        {},
        h("p", {}, "Download the token file now: it is not shown again. Keep it as secret as a password."),
        h("p.actions", {}, button(`Download ${FILE}`, () => save(text, FILE, "application/json"), { symbol: "download", kind: "primary", autofocus: true }), copyButton(text, "Copy the content of the file")),
        h("pre", { tabindex: "0", "aria-label": "Token file" }, h("code", {}, text)),
        h("h3", {}, "How to use it"),
        usage("Activate it for the command line and Python:", `voxel51 auth activate ${FILE}`),
        usage("Or set an environment variable, for example on a server:", `export VOXEL51_API_TOKEN=/path/to/${FILE}`),
        usage("Then in Python:", PYTHON),
        h("footer", {}, button("Done", () => close(true))),
      ),
    { isWide: true },
  );
}

function usage(title, text) {
  return [h("p", {}, title), h("div.snippet", {}, h("pre", { tabindex: "0", "aria-label": title }, h("code", {}, text)), copyButton(text))];
}
