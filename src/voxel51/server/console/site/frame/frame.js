/** What surrounds every page: the navigation, who is signed in, the look, the uploads, and the notices. */

import { h } from "../core/dom.js";
import { call } from "../core/api.js";
import { isLive } from "../core/live.js";
import { go, place } from "../core/router.js";
import { effect } from "../core/reactive.js";
import { session } from "../core/session.js";
import { AREAS } from "../areas.js";
import { icon } from "../parts/icons.js";
import { menu } from "../parts/menu.js";
import { attempt, noticeRegion } from "../parts/notices.js";
import { tray } from "../uploads/tray.js";
import { LOOKS, look } from "./look.js";

const TITLE = "Voxel51 platform";

let naming = null;

/** Where pages are shown. */
export const content = h("main", { id: "content", tabindex: "-1" });

/** The whole document's body. */
export function frame() {
  const bar = h(
    "header.bar",
    {},
    h("a.skip", { href: "#content", onclick: skip }, "Skip to the content"),
    () => session.value && h("button.plain.opener", { type: "button", "aria-label": "Navigation", onclick: () => bar.classList.toggle("open") }, icon("menu")),
    h("a.brand", { href: "/" }, h("span.mark", { "aria-hidden": "true" }), "Voxel51"),
    () => session.value && navigation(),
    h("div.grow"),
    () => session.value && h("span.live", { class: () => (isLive.value ? "" : "away"), role: "status", title: "Whether what happens to jobs is shown as it happens" }, () => (isLive.value ? "live" : "connecting…")),
    lookMenu(),
    () => session.value && accountMenu(session.value.account),
  );
  effect(() => {
    place.value;
    bar.classList.remove("open");
  });
  return h("div.frame", {}, bar, content, tray(), noticeRegion());
}

/**
 * Give the document its title, from the page's heading (as soon as it has one) and its area; and begin there with the
 * keyboard, so that screen readers tell that the page is another.
 */
export function nameThePage(area) {
  naming?.disconnect();
  let isBegun = false;
  const name = () => {
    const title = content.querySelector("h1");
    document.title = [...new Set([title?.textContent, area, TITLE].filter(Boolean))].join(" · ");
    if (!title || isBegun) return;
    isBegun = true;
    if (!content.contains(document.activeElement)) (content.querySelector("[autofocus]") ?? title).focus({ preventScroll: true });
  };
  naming = new MutationObserver(name);
  naming.observe(content, { childList: true, subtree: true, characterData: true });
  name();
}

function navigation() {
  const isHere = (path) => place.value.path === path || (path !== "/" && place.value.path.startsWith(`${path}/`));
  const entries = AREAS.filter((area) => area.symbol && (area.isFor?.(session.value) ?? true));
  return h(
    "nav.navigation",
    { "aria-label": "Main" },
    entries.map(({ path, title, symbol }) => h("a", { href: path, "aria-current": () => isHere(path) && "page" }, icon(symbol), title)),
    h("a", { href: "/docs", target: "_blank", rel: "noopener" }, icon("docs"), "Docs"),
  );
}

function accountMenu({ username }) {
  return menu([icon("user"), h("span.name", {}, username)], `Account of ${username}`, () => [
    { title: "Account and tokens", href: "/account", symbol: icon("key") },
    { title: "Sign out", run: signOut, symbol: icon("signOut") },
  ]);
}

function lookMenu() {
  return menu(() => icon(look.value === "dark" ? "moon" : "sun"), "Light or dark", () =>
    Object.entries(LOOKS).map(([name, title]) => ({ title, run: () => (look.value = name), symbol: icon(look.peek() === name ? "check" : "chevron") })),
  );
}

async function signOut() {
  await attempt(async () => {
    await call("POST", "/sign-out");
    session.value = null;
    go("/sign-in");
  });
}

function skip(event) {
  event.preventDefault();
  content.focus();
}
