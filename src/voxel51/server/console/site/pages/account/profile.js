/** The profile page: role, storage, password, and sign-in through an OIDC provider. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { date, percent, size } from "../../core/format.js";
import { session } from "../../core/session.js";
import { button, checkbox, field, form } from "../../parts/form.js";
import { confirmAction } from "../../parts/dialog.js";
import { loaded } from "../../parts/load.js";
import { attempt, notify } from "../../parts/notices.js";
import { facts, progressBar } from "../../parts/elements.js";
import { subpage } from "../../parts/subpages.js";
import { newPasswordInput, passwordHint } from "../auth/auth-forms.js";

const ROLES = {
  operator: "Operator: manages the platform and its users",
  member: "Member: uploads videos, runs jobs, shares results",
  viewer: "Viewer: views videos and results",
};
const NEARLY_FULL = 0.9;

export function page() {
  const { account } = session.peek();
  return subpage(
    "/account",
    account.username,
    null,
    h("section.card", {}, h("h2", {}, "Profile"), profile(account)),
    h("section.card", {}, h("h2", {}, "Storage"), loaded(() => get("/account/usage"), storage)),
    h("section.card", {}, h("h2", {}, "Password"), () => session.value && passwordForm(session.value.account)),
    loaded(
      () => get("/sign-in"),
      ({ provider }) => () => session.value && (provider || session.value.account.oidc_issuer) && oidcCard(session.value.account, provider),
    ),
  );
}

function profile({ username, role, email, created_at: created, application }) {
  return facts([
    ["User name", username],
    ["Role", ROLES[role] ?? role],
    ["E-mail", email],
    ["Application", application],
    ["Created", date(created)],
  ]);
}

function storage({ bytes, quota }) {
  const jobs = quota.running_jobs ? `Up to ${quota.running_jobs} of your jobs run at the same time; others wait in the queue.` : "The number of your running jobs is not limited.";
  if (!quota.bytes) return [h("p", {}, `${size(bytes)} used (no quota)`), h("p.muted", {}, jobs)];
  const share = Math.min(1, bytes / quota.bytes);
  return [
    h("p", {}, `${size(bytes)} of ${size(quota.bytes)} used (${percent(share)})`),
    progressBar(share, "Storage used"),
    share > NEARLY_FULL && h("p", {}, "Your storage is nearly full. Delete videos that you no longer need, or ask the operator of the platform for a higher quota."),
    h("p.muted.below", {}, jobs),
  ];
}

function passwordForm({ username, has_password: hasPassword }) {
  return form(
    [
      // Password managers need the user name in the form to update the right entry.
      h("input", { type: "text", name: "username", value: username, autocomplete: "username", hidden: true, readonly: true }),
      hasPassword && field("Current password", h("input", { type: "password", name: "current", required: true, autocomplete: "current-password" })),
      field("New password", newPasswordInput(), { hint: `${passwordHint} This signs you out of all other sessions.` }),
      checkbox("Revoke all API tokens too", { name: "revokeTokens" }),
    ],
    {
      verb: hasPassword ? "Change password" : "Set password",
      submit: async ({ current, password, revokeTokens }, element) => {
        await call("PUT", "/account/password", { json: { current_password: current ?? null, new_password: password, revoke_tokens: revokeTokens } });
        element.reset();
        await reloadSession();
        notify(`Password changed. Other sessions were signed out${revokeTokens ? ", and all API tokens were revoked" : ""}.`);
      },
    },
  );
}

function oidcCard({ oidc_issuer: issuer, has_password: hasPassword }, provider) {
  const name = provider?.name ?? issuer;
  return h(
    "section.card",
    {},
    h("h2", {}, `Sign in with ${name}`),
    issuer
      ? [
          h("p", {}, `Your account is connected to ${name}. You can sign in with it.`),
          button(`Disconnect ${name}`, () => disconnect(name), { disabled: !hasPassword }),
          !hasPassword && h("p.muted.below", {}, `Set a password before you disconnect ${name}; otherwise you could not sign in.`),
        ]
      : [h("p", {}, `Connect your account at ${name} to sign in with it instead of your password.`), button(`Connect ${name}`, connect, { symbol: "link" })],
  );
}

async function connect() {
  await attempt(async () => {
    const { url } = await call("POST", "/account/oidc", { query: { next: "/account" } });
    location.assign(url);
  });
}

async function disconnect(name) {
  if (!(await confirmAction(`Disconnect ${name}?`, "You will only be able to sign in with your password.", "Disconnect"))) return;
  await attempt(async () => {
    await call("DELETE", "/account/oidc");
    await reloadSession();
  });
}

async function reloadSession() {
  session.value = await get("/account");
}
