/** Layout around every page: navigation, account menu, theme, uploads and notices. */

import { h } from "./core/dom.js";
import { call } from "./core/api.js";
import { isLive } from "./core/job-events.js";
import { navigate, route } from "./core/router.js";
import { effect, signal } from "./core/reactive.js";
import { session } from "./core/session.js";
import { SECTIONS } from "./site.js";
import { icon } from "./parts/icons.js";
import { menu } from "./parts/menu.js";
import { attempt, noticeRegion } from "./parts/notices.js";
import { tray } from "./uploads/tray.js";

const TITLE = "Voxel51 platform";
const THEMES = { auto: "Use system setting", light: "Light", dark: "Dark" };
const THEME_KEY = "theme";

/** The chosen theme, a key of `THEMES`; kept in this browser. */
const theme = signal(THEMES[localStorage.getItem(THEME_KEY)] ? localStorage.getItem(THEME_KEY) : "auto");

effect(() => {
  document.documentElement.dataset.theme = theme.value;
  if (theme.value === "auto") localStorage.removeItem(THEME_KEY);
  else localStorage.setItem(THEME_KEY, theme.value);
});

let titleObserver = null;

/** The element in which pages are shown. */
export const content = h("main", { id: "content", tabindex: "-1" });

/** Everything in the document's body. */
export function layout() {
  const bar = h(
    "header.bar",
    {},
    h("a.skip", { href: "#content", onclick: skipToContent }, "Skip to content"),
    () => session.value && h("button.plain.opener", { type: "button", "aria-label": "Navigation", onclick: () => bar.classList.toggle("open") }, icon("menu")),
    h("a.brand", { href: "/" }, h("span.mark", { "aria-hidden": "true" }), "Voxel51"),
    () => session.value && navigation(),
    h("div.grow"),
    () => session.value && h("span.live", { class: () => (isLive.value ? "" : "away"), role: "status", title: "Whether job updates are shown live" }, () => (isLive.value ? "Live" : "Connecting…")),
    themeMenu(),
    () => session.value && accountMenu(session.value.account),
  );
  effect(() => {
    route.value;
    bar.classList.remove("open"); // on a phone, following a link closes the navigation
  });
  return h("div.layout", {}, bar, content, tray(), noticeRegion());
}

/**
 * Set the document's title from the page's heading and its section, and move the focus to the heading, so that screen
 * readers announce the new page. The heading may come later, when the page has loaded; hence the observer.
 */
export function setDocumentTitle(section) {
  titleObserver?.disconnect();
  let isFocused = false;
  const update = () => {
    const title = content.querySelector("h1");
    document.title = [...new Set([title?.textContent, section, TITLE].filter(Boolean))].join(" · ");
    if (!title || isFocused) return;
    isFocused = true;
    if (!content.contains(document.activeElement)) (content.querySelector("[autofocus]") ?? title).focus({ preventScroll: true });
  };
  titleObserver = new MutationObserver(update);
  titleObserver.observe(content, { childList: true, subtree: true, characterData: true });
  update();
}

function navigation() {
  const rootOf = (path) => path.split("/")[1];
  const isCurrent = (pages) => pages.some(({ path }) => rootOf(path) === rootOf(route.value.path));
  const entries = SECTIONS.filter(({ icon: symbol, scope }) => symbol && (!scope || session.value?.scopes.includes(scope)));
  return h(
    "nav.navigation",
    { "aria-label": "Main" },
    entries.map(({ path, title, icon: symbol, pages }) => h("a", { href: path, "aria-current": () => isCurrent(pages) && "page" }, icon(symbol), title)),
    h("a", { href: "/docs", target: "_blank", rel: "noopener" }, icon("docs"), "Docs"),
  );
}

function accountMenu({ username }) {
  return menu([icon("user"), h("span.name", {}, username)], `Account of ${username}`, () => [
    { title: "Account and tokens", href: "/account", symbol: icon("key") },
    { title: "Sign out", run: signOut, symbol: icon("signOut") },
  ]);
}

function themeMenu() {
  return menu(() => icon(theme.value === "dark" ? "moon" : "sun"), "Theme", () =>
    Object.entries(THEMES).map(([name, title]) => ({ title, run: () => (theme.value = name), symbol: theme.peek() === name ? icon("check") : h("span.icon") })),
  );
}

async function signOut() {
  await attempt(async () => {
    await call("POST", "/sign-out");
    session.value = null;
    navigate("/sign-in");
  });
}

function skipToContent(event) {
  event.preventDefault();
  content.focus();
}
