/** Making a token, renewing one, and handing its file out. */

import { h } from "../../core/dom.js";
import { call, save } from "../../core/api.js";
import { session } from "../../core/session.js";
import { dialog } from "../../parts/dialog.js";
import { button, checkbox, field, form, select } from "../../parts/form.js";
import { copyButton } from "../../parts/show.js";

const SCOPES = {
  read: "look at what is there, and download it",
  upload: "add, change and delete videos and analytics",
  run: "submit, stop, archive and delete jobs",
  manage: "the account itself: tokens, webhooks, share links",
  administer: "the platform: other people's accounts and its settings",
};
const USUAL = new Set(["read", "upload", "run", "manage"]);
const FILE = "api-token.json";
const LATER = [
  ["0", "at once"],
  ["3600", "in an hour"],
  ["86400", "in a day"],
  ["604800", "in a week"],
];
const PYTHON = `from voxel51.users.api import API

api = API()  # finds the token that was activated
print(api.list_data())`;

/** Ask for what a new token is to be, make it and hand it out; resolves to whether there is one. */
export async function makeToken() {
  const made = await dialog("New token", (close) =>
    form(
      [
        field("Name", h("input", { name: "name", required: true, maxlength: 128, autofocus: true, autocomplete: "off" }), { hint: "What uses it, such as \"laptop\" or \"nightly import\"." }),
        h("fieldset", {}, h("legend", {}, "Good for"), Object.keys(SCOPES).filter((name) => session.peek().scopes.includes(name)).map(scopeBox)),
        field("Days until it ends", h("input", { name: "days", type: "number", min: 1, max: 36525, step: 1, value: 90 }), { hint: "Leave it empty for a token that does not end." }),
      ],
      {
        verb: "Create",
        cancel: () => close(),
        submit: async (values) => {
          const scopes = Object.keys(SCOPES).filter((name) => values[`scope-${name}`]);
          const json = { name: values.name, scopes, days: values.days === "" ? null : Number(values.days) };
          close({ name: values.name, file: await call("POST", "/account/tokens", { json }) });
        },
      },
    ),
  );
  if (made) await handOut(made.name, made.file);
  return Boolean(made);
}

/** Put a new token in the place of `token` and hand it out; resolves to whether that was done. */
export async function rotateToken(token) {
  const file = await dialog(`Rotate "${token.name}"`, (close) =>
    form([h("p", {}, "A new token of the same name takes its place, good for the same, for as long."), field("The old one ends", select(LATER, { name: "keep", value: "86400" }))], {
      verb: "Rotate",
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

function scopeBox(name) {
  return checkbox([h("strong", {}, name), ` – ${SCOPES[name]}`], { name: `scope-${name}`, checked: USUAL.has(name) });
}

/** Show a token's file, the only time that it can be had. */
function handOut(name, file) {
  const text = `${JSON.stringify(file, null, 4)}\n`;
  return dialog(
    `The token "${name}" is there`,
    (close) =>
      h(
        "div.handout",
        {},
        h("p", {}, "Download its file now: it is never shown again. Keep it as you keep a password."),
        h("p.actions", {}, button(`Download ${FILE}`, () => save(text, FILE, "application/json"), { symbol: "download", kind: "primary", autofocus: true }), copyButton(text, "Copy the file's content")),
        h("pre", { tabindex: "0", "aria-label": "The token's file" }, h("code", {}, text)),
        h("h3", {}, "How to use it"),
        usage("Activate it once, for the command line and for Python:", `voxel51 auth activate ${FILE}`),
        usage("Or name it in the environment, such as on a server:", `export VOXEL51_API_TOKEN=/path/to/${FILE}`),
        usage("Then, in Python:", PYTHON),
        h("footer", {}, button("Done", () => close(true))),
      ),
    { isWide: true },
  );
}

function usage(title, text) {
  return [h("p", {}, title), h("div.snippet", {}, h("pre", { tabindex: "0", "aria-label": title }, h("code", {}, text)), copyButton(text))];
}
