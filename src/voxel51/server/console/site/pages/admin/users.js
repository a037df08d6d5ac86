/** The accounts of the platform's own users. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { session } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { listing } from "../../parts/listing.js";
import { menu } from "../../parts/menu.js";
import { emptiness, when } from "../../parts/show.js";
import { adminPage } from "./around.js";
import { askForDeletion, changeRole, createUser, invite, resetPassword, resume, suspend } from "./user-dialogs.js";
import { grantToUser } from "./quota.js";
import { within } from "./within.js";

export function page() {
  let list = null;
  const reloading = (work) => async (...values) => (await work(...values)) && list.reload();
  return adminPage(
    "Users",
    () => {
      list = users(reloading);
      return list.node;
    },
    () => [button("Invite…", invite, { symbol: "link" }), button("New user…", reloading(createUser), { symbol: "add", kind: "primary" })],
  );
}

function users(reloading) {
  return listing({
    label: "Users",
    load: async ({ signal, ...wanted }) => within((await get("/admin/users", {}, { signal })).users, ["username", "email", "role"], wanted),
    columns: [
      { title: "Name", kind: "wide", sort: "username", cell: (row) => [row.value.username, isMe(row.value) && h("span.soft", {}, " (you)")] },
      { title: "Role", sort: "role", cell: (row) => row.value.role },
      { title: "State", sort: "suspended", cell: (row) => state(row.value) },
      { title: "Signs in by", cell: (row) => waysIn(row.value) },
      { title: "Since", sort: "created_at", cell: (row) => when(row.value.created_at) },
      { title: "Actions", kind: "doing", cell: (row) => actions(row, reloading) },
    ],
    sort: "username:asc",
    hint: "Search by name, e-mail or role",
    empty: () => emptiness("No users", "Create a user, or invite somebody."),
  });
}

const isMe = ({ id }) => id === session.peek()?.account.id;

function state({ suspended }) {
  return h("span.state", { class: suspended ? "bad" : "good" }, suspended ? "suspended" : "active");
}

function waysIn({ has_password: hasPassword, oidc_issuer: issuer, email }) {
  const ways = [hasPassword && "password", issuer && (email ? `${issuer} (${email})` : issuer)].filter(Boolean);
  return ways.join(", ") || h("span.soft", {}, "tokens only");
}

/** The menu stays as it is, open or not, when the list loads again. */
function actions(row, reloading) {
  return menu(icon("more"), `Actions for ${row.peek().username}`, () => entries(row.peek(), reloading));
}

function entries(user, reloading) {
  const isOther = !isMe(user);
  return [
    isOther && { title: "Change role…", run: reloading(() => changeRole(user)), symbol: icon("user") },
    { title: "Quota…", run: () => grantToUser(user.username), symbol: icon("data") },
    { title: "Password reset link…", run: () => resetPassword(user), symbol: icon("key") },
    isOther && !user.suspended && { title: "Suspend…", run: reloading(() => suspend(user)), symbol: icon("pause"), isDangerous: true },
    isOther && user.suspended && { title: "Resume", run: reloading(() => resume(user)), symbol: icon("play") },
    isOther && { title: "Delete…", run: reloading(() => askForDeletion(user)), symbol: icon("trash"), isDangerous: true },
  ];
}
