/** Dialogs for the accounts of users. Each resolves to whether something was changed. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { dateTime } from "../../core/format.js";
import { confirmAction, dialog } from "../../parts/dialog.js";
import { button, field, form, select } from "../../parts/form.js";
import { attempt, notify } from "../../parts/notices.js";
import { copyButton } from "../../parts/elements.js";

const ROLES = [
  ["member", "Member: uploads videos, runs jobs, shares results"],
  ["viewer", "Viewer: views videos and results"],
  ["operator", "Operator: manages the platform and its users"],
];
const userPath = ({ username }) => `/admin/users/${encodeURIComponent(username)}`;
const roleField = (value = "member") => field("Role", select(ROLES, { name: "role", value }));

/** Create a user. */
export function createUser() {
  return dialog("New user", (close) =>
    form(
      [
        field("User name", h("input", { name: "username", required: true, autofocus: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
        field("Password", h("input", { type: "password", name: "password", autocomplete: "new-password" }), {
          hint: "Optional. Without a password, send the user a password reset link.",
        }),
        roleField(),
      ],
      {
        verb: "Create user",
        cancel: () => close(),
        submit: async ({ username, password, role }) => {
          await call("POST", "/admin/users", { json: { username, password: password || null, role } });
          notify(`User "${username}" created`);
          close(true);
        },
      },
    ),
  );
}

/** Create an invitation, and show its link. */
export async function invite() {
  const invitation = await dialog("Invite user", (close) =>
    form(
      [
        h("p", {}, "An invitation link creates one account. The invited user chooses the user name and the password."),
        roleField(),
        field("Expires after (days)", h("input", { name: "days", type: "number", min: 1, max: 365, step: 1, value: 7, required: true })),
      ],
      {
        verb: "Create link",
        cancel: () => close(),
        submit: async ({ role, days }) => close(await call("POST", "/admin/invitations", { json: { role, days: Number(days) } })),
      },
    ),
  );
  if (invitation) await showOneTimeLink("Invitation created", "Send this link to the user. It works once.", `/sign-up#invitation=${invitation.key}`, invitation.expires_at);
}

/** Create a password reset link for `user`, and show it. */
export async function resetPassword(user) {
  const text = `The link lets its holder set a new password for "${user.username}". Earlier reset links stop working.`;
  if (!(await confirmAction(`Reset the password of "${user.username}"?`, text, "Create link", { isDangerous: false }))) return;
  await attempt(async () => {
    const { key, expires_at: expires } = await call("POST", `${userPath(user)}/password-reset`);
    await showOneTimeLink("Password reset link created", `Send this link to "${user.username}". It works once.`, `/choose-password#key=${key}`, expires);
  });
}

/** Show a link that cannot be shown again. Its key is in the fragment, which browsers do not send to servers. */
function showOneTimeLink(title, text, path, expires) {
  const link = location.origin + path;
  return dialog(title, (close) =>
    h(
      "div",
      {},
      h("p", {}, `${text} It expires on ${dateTime(expires)} and is not shown again.`),
      h("div.one-time-link", {}, h("input", { readonly: true, value: link, "aria-label": "Link", onfocus: (event) => event.target.select() }), copyButton(link, "Copy the link")),
      h("footer", {}, button("Done", () => close(true), { kind: "primary" })),
    ),
  );
}

export function changeRole(user) {
  return dialog(`Change the role of "${user.username}"`, (close) =>
    form([roleField(user.role)], {
      verb: "Change role",
      cancel: () => close(),
      submit: async ({ role }) => {
        await change(user, { role }, `"${user.username}" is now ${role}`);
        close(true);
      },
    }),
  );
}

export async function suspend(user) {
  const text = `"${user.username}" is signed out, and cannot sign in or use tokens until you resume the account. Nothing is deleted.`;
  if (!(await confirmAction(`Suspend "${user.username}"?`, text, "Suspend user"))) return false;
  return attempt(() => change(user, { suspended: true }, `"${user.username}" suspended`));
}

export function resume(user) {
  return attempt(() => change(user, { suspended: false }, `"${user.username}" resumed`));
}

/** Delete an account, after the operator has typed its name. */
export function deleteUser(user) {
  return dialog(`Delete "${user.username}"?`, (close) =>
    form(
      [
        h("p", {}, `This deletes the account "${user.username}" with its videos, jobs, results, analytics and tokens. This cannot be undone.`),
        field(`Type "${user.username}" to confirm`, h("input", { name: "confirm", required: true, autofocus: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
      ],
      {
        verb: "Delete user",
        isDangerous: true,
        cancel: () => close(),
        submit: async ({ confirm }) => {
          await call("DELETE", userPath(user), { query: { confirm } });
          notify(`User "${user.username}" deleted`);
          close(true);
        },
      },
    ),
  );
}

async function change(user, json, text) {
  await call("PATCH", userPath(user), { json });
  notify(text);
}
