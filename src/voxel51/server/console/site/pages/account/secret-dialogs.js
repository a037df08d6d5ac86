/** Dialogs that store a secret, replace its value, and choose the analytics that may use it. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { dialog } from "../../parts/dialog.js";
import { field, form } from "../../parts/form.js";

export const pathOf = (name) => `/secrets/${encodeURIComponent(name)}`;

/** Ask for a new secret and store it; resolves to whether one was stored. */
export function createSecret() {
  const name = h("input", { name: "name", required: true, maxlength: 64, pattern: "[A-Za-z_][A-Za-z0-9_]*", autofocus: true, autocomplete: "off", spellcheck: "false" });
  const fields = [field("Name", name, { hint: "As the analytic declares it, for example hub_token: letters, digits and underscores." }), valueField(), grantsField([])];
  return change("New secret", fields, "Store secret", (values) => [values.name, { value: values.value, analytics: namesIn(values.analytics) }]);
}

/** Ask for another value of `secret` and store it; resolves to whether it was replaced. */
export function replaceValue(secret) {
  const text = h("p", {}, "Jobs that start from now on get the new value. The analytics that may use the secret stay the same.");
  return change(`Replace the value of "${secret.name}"`, [text, valueField()], "Replace value", ({ value }) => [secret.name, { value }]);
}

/** Ask for the analytics that may use `secret`; resolves to whether they were changed. */
export function changeGrants(secret) {
  return change(`Analytics that may use "${secret.name}"`, [grantsField(secret.analytics)], "Save", ({ analytics }) => [secret.name, { analytics: namesIn(analytics) }]);
}

/** @param {(values: object) => [string, object]} bodyOf the name of the secret and the body of the request */
async function change(title, fields, verb, bodyOf) {
  const submit = (close) => async (values) => {
    const [name, json] = bodyOf(values);
    close(await call("PUT", pathOf(name), { json }));
  };
  return Boolean(await dialog(title, (close) => form(fields, { verb, cancel: () => close(), submit: submit(close) })));
}

function valueField() {
  const value = h("input", { name: "value", type: "password", required: true, autocomplete: "new-password", spellcheck: "false" });
  return field("Value", value, { hint: "Cannot be shown again. For a value of several lines, use the command voxel51 secrets set NAME --from FILE." });
}

function grantsField(analytics) {
  const names = h("textarea", { name: "analytics", rows: 3, spellcheck: "false", autocomplete: "off", placeholder: "owner/name" }, analytics.join("\n"));
  return field("Analytics that may use it", names, { hint: "Full names, one per line. An analytic can print a secret: name only analytics whose authors you trust." });
}

const namesIn = (text) => text.split(/[\s,]+/).filter(Boolean);
