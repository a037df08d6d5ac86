/** Who somebody is here, how much they have, and how they sign in. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { date, percent, size } from "../../core/format.js";
import { session } from "../../core/session.js";
import { field, form, button } from "../../parts/form.js";
import { confirmed } from "../../parts/dialog.js";
import { loaded } from "../../parts/load.js";
import { attempt, notify } from "../../parts/notices.js";
import { facts, progressBar } from "../../parts/show.js";
import { SHORTEST_PASSWORD, newPassword } from "../entrance/entering.js";
import { accountPage } from "./around.js";

const ROLES = {
  operator: "Operator: does everything, and lets others in",
  member: "Member: uploads, runs and shares",
  viewer: "Viewer: looks at what is there",
};

export function page() {
  const { account } = session.peek();
  return accountPage(
    account.username,
    null,
    h("section.card", {}, h("h2", {}, "You"), aboutYou(account)),
    h("section.card", {}, h("h2", {}, "Storage"), loaded(() => get("/account/usage"), storage)),
    h("section.card", {}, h("h2", {}, "Password"), () => session.value && passwordForm(session.value.account)),
    loaded(
      () => get("/sign-in"),
      ({ provider }) => () => session.value && (provider || session.value.account.oidc_issuer) && elsewhere(session.value.account, provider),
    ),
  );
}

function aboutYou({ username, role, email, created_at: since, application }) {
  return facts([
    ["User name", username],
    ["Role", ROLES[role] ?? role],
    ["E-mail", email],
    ["Application", application],
    ["Here since", date(since)],
  ]);
}

function storage({ bytes, quota }) {
  const jobs = quota.running_jobs ? `${quota.running_jobs} of your jobs run at once; more of them wait.` : "As many of your jobs run at once as the platform has slots for.";
  if (!quota.bytes) return [h("p", {}, `${size(bytes)} of videos and other data, without a limit.`), h("p.soft", {}, jobs)];
  const share = Math.min(1, bytes / quota.bytes);
  return [
    h("p", {}, `${size(bytes)} of ${size(quota.bytes)} are used (${percent(share)}).`),
    progressBar(share, "Storage that is used"),
    share > 0.9 && h("p", {}, "It is nearly full. Delete videos that you need no more, or ask the operator of the platform for room."),
    h("p.soft.below", {}, jobs),
  ];
}

function passwordForm({ username, has_password: hasPassword }) {
  return form(
    [
      h("input", { type: "text", name: "username", value: username, autocomplete: "username", hidden: true, readonly: true }),
      hasPassword && field("Current password", h("input", { type: "password", name: "current", required: true, autocomplete: "current-password" })),
      field("New password", newPassword(), { hint: `At least ${SHORTEST_PASSWORD} characters; a sentence is good. Everywhere else you are signed out.` }),
    ],
    {
      verb: hasPassword ? "Change password" : "Set password",
      submit: async ({ current, password }, element) => {
        await call("PUT", "/account/password", { json: { current_password: current ?? null, new_password: password } });
        element.reset();
        await lookAgain();
        notify("The password is changed. Sessions elsewhere have ended.");
      },
    },
  );
}

function elsewhere({ oidc_issuer: issuer, has_password: hasPassword }, provider) {
  const name = provider?.name ?? issuer;
  return h(
    "section.card",
    {},
    h("h2", {}, "Sign in elsewhere"),
    issuer
      ? [
          h("p", {}, `You can sign in by ${name} as well.`),
          button(`Sign in by ${name} no more`, () => remove(name), { disabled: !hasPassword }),
          !hasPassword && h("p.soft.below", {}, "Set a password first; there would be no way in left."),
        ]
      : [h("p", {}, `Sign in by your account at ${name}, as well as by your password.`), button(`Add ${name}`, add, { symbol: "link" })],
  );
}

async function add() {
  await attempt(async () => {
    const { url } = await call("POST", "/account/oidc", { query: { next: "/account" } });
    location.assign(url);
  });
}

async function remove(name) {
  if (!(await confirmed(`Sign in by ${name} no more?`, "Your password is the only way in then.", "Remove"))) return;
  await attempt(async () => {
    await call("DELETE", "/account/oidc");
    await lookAgain();
  });
}

/** What is known of who is signed in has changed. */
async function lookAgain() {
  session.value = await get("/account");
}
