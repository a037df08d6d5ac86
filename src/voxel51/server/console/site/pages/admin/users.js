/** The users page: accounts of the platform, without the users of applications. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { session } from "../../core/session.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { filterAndPage, listing } from "../../parts/listing.js";
import { menu } from "../../parts/menu.js";
import { emptyState, timeAgo } from "../../parts/elements.js";
import { adminPage } from "./admin-page.js";
import { changeRole, createUser, deleteUser, invite, resetPassword, resume, suspend } from "./user-dialogs.js";
import { setUserQuota } from "./quota.js";

export function page() {
  let list = null;
  const reloading = (work) => async (...values) => (await work(...values)) && list.reload();
  return adminPage(
    "Users",
    () => {
      list = users(reloading);
      return list.node;
    },
    () => [button("Invite user…", invite, { symbol: "link" }), button("New user…", reloading(createUser), { symbol: "add", kind: "primary" })],
  );
}

function users(reloading) {
  return listing({
    label: "Users",
    load: async ({ signal, ...wanted }) => filterAndPage((await get("/admin/users", {}, { signal })).users, ["username", "email", "role"], wanted),
    columns: [
      { title: "Name", kind: "wide", sort: "username", cell: (row) => [row.value.username, isMe(row.value) && h("span.muted", {}, " (you)")] },
      { title: "Role", sort: "role", cell: (row) => row.value.role },
      { title: "State", sort: "suspended", cell: (row) => state(row.value) },
      { title: "Signs in with", cell: (row) => signInMethods(row.value) },
      { title: "Created", sort: "created_at", cell: (row) => timeAgo(row.value.created_at) },
      { title: "Actions", kind: "row-actions", cell: (row) => actions(row, reloading) },
    ],
    sort: "username:asc",
    hint: "Search by name, e-mail or role",
    empty: () => emptyState("No users", "Users that you create or invite appear here.", button("New user…", reloading(createUser), { symbol: "add", kind: "primary" })),
  });
}

const isMe = ({ id }) => id === session.peek()?.account.id;

function state({ suspended }) {
  return h("span.state", { class: suspended ? "bad" : "good" }, suspended ? "suspended" : "active");
}

function signInMethods({ has_password: hasPassword, oidc_issuer: issuer, email }) {
  const methods = [hasPassword && "password", issuer && (email ? `${issuer} (${email})` : issuer)].filter(Boolean);
  return methods.join(", ") || h("span.muted", {}, "tokens only");
}

/** The menu of a row. It reads the row when it opens, so a reload of the list leaves an open menu as it is. */
function actions(row, reloading) {
  return menu(icon("more"), `Actions for ${row.peek().username}`, () => entries(row.peek(), reloading));
}

function entries(user, reloading) {
  const isOther = !isMe(user);
  return [
    isOther && { title: "Change role…", run: reloading(() => changeRole(user)), symbol: icon("user") },
    { title: "Quota…", run: () => setUserQuota(user.username), symbol: icon("data") },
    { title: "Password reset link…", run: () => resetPassword(user), symbol: icon("key") },
    isOther && !user.suspended && { title: "Suspend…", run: reloading(() => suspend(user)), symbol: icon("pause"), isDangerous: true },
    isOther && user.suspended && { title: "Resume", run: reloading(() => resume(user)), symbol: icon("play") },
    isOther && { title: "Delete…", run: reloading(() => deleteUser(user)), symbol: icon("trash"), isDangerous: true },
  ];
}
