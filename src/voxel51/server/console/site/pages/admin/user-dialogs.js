/** What operators do to accounts. Each resolves to whether something was changed. */

import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { confirmed, dialog } from "../../parts/dialog.js";
import { field, form, select } from "../../parts/form.js";
import { attempt, notify } from "../../parts/notices.js";
import { handOutLink } from "./link.js";

const ROLES = [
  ["member", "Member: uploads, runs jobs, looks at results"],
  ["viewer", "Viewer: looks at what there is, changes nothing"],
  ["operator", "Operator: everything, and the platform itself"],
];
const userPath = ({ username }) => `/admin/users/${encodeURIComponent(username)}`;
const roleField = (value = "member") => field("Role", select(ROLES, { name: "role", value }));

/** Ask for a new account, and make it. */
export function createUser() {
  return dialog("New user", (close) =>
    form(
      [
        field("User name", h("input", { name: "username", required: true, autofocus: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
        field("Password", h("input", { type: "password", name: "password", autocomplete: "new-password" }), {
          hint: "Optional. Without one, hand out a password reset link, and they choose their own.",
        }),
        roleField(),
      ],
      {
        verb: "Create",
        cancel: () => close(),
        submit: async ({ username, password, role }) => {
          await call("POST", "/admin/users", { json: { username, password: password || null, role } });
          notify(`The user "${username}" is there.`);
          close(true);
        },
      },
    ),
  );
}

/** Make an invitation, and hand its link out. */
export async function invite() {
  const made = await dialog("Invite somebody", (close) =>
    form(
      [
        h("p", {}, "Whoever has the link makes one account with it, and chooses the name and the password."),
        roleField(),
        field("Days until it ends", h("input", { name: "days", type: "number", min: 1, max: 365, step: 1, value: 7, required: true })),
      ],
      {
        verb: "Make the link",
        cancel: () => close(),
        submit: async ({ role, days }) => close(await call("POST", "/admin/invitations", { json: { role, days: Number(days) } })),
      },
    ),
  );
  if (made) await handOutLink("The invitation is there", "Send this link to the person whom you invite. It works once.", `/sign-up#invitation=${made.key}`, made.expires_at);
}

/** Make a link by which `user` chooses a new password, and hand it out. */
export async function resetPassword(user) {
  const text = `Whoever has the link chooses a new password for "${user.username}". Links made before no longer work.`;
  if (!(await confirmed(`New password for "${user.username}"?`, text, "Make the link", { isDangerous: false }))) return;
  await attempt(async () => {
    const { key, expires_at: ends } = await call("POST", `${userPath(user)}/password-reset`);
    await handOutLink("The password reset link is there", `Send this link to "${user.username}". It works once.`, `/choose-password#key=${key}`, ends);
  });
}

export function changeRole(user) {
  return dialog(`Role of "${user.username}"`, (close) =>
    form([roleField(user.role)], {
      verb: "Change",
      cancel: () => close(),
      submit: async ({ role }) => {
        await change(user, { role }, `"${user.username}" is now ${role}.`);
        close(true);
      },
    }),
  );
}

export async function suspend(user) {
  const text = `"${user.username}" is signed out at once and refused, with every token, until you resume the account. Nothing is deleted.`;
  if (!(await confirmed(`Suspend "${user.username}"?`, text, "Suspend"))) return false;
  return attempt(() => change(user, { suspended: true }, `"${user.username}" is suspended.`));
}

export function resume(user) {
  return attempt(() => change(user, { suspended: false }, `"${user.username}" may come in again.`));
}

/** Delete an account, once its name was typed. */
export function askForDeletion(user) {
  return dialog(`Delete "${user.username}"?`, (close) =>
    form(
      [
        h("p", {}, `This deletes the account "${user.username}" and all that it has: its videos, jobs, results, analytics and tokens. It cannot be undone.`),
        field(`Type "${user.username}" to confirm`, h("input", { name: "confirm", required: true, autofocus: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" })),
      ],
      {
        verb: "Delete",
        isDangerous: true,
        cancel: () => close(),
        submit: async ({ confirm }) => {
          await call("DELETE", userPath(user), { query: { confirm } });
          notify(`The account "${user.username}" is deleted.`);
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
