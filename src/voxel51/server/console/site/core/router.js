/** Router: from URLs to pages, without loading the document again. */

import { Scope, signal } from "./reactive.js";

const RESTORE_SCROLL_MILLISECONDS = 5000;

/** The current route: path, query and fragment; `scroll` is the position to restore after going back. */
export const route = signal(read());

/** Go to a path of the console. With `replace`, the history keeps no entry of the present page. */
export function navigate(path, { replace = false } = {}) {
  history.replaceState({ scroll: scrollY }, "");
  history[replace ? "replaceState" : "pushState"](null, "", path);
  route.value = read();
}

/**
 * Change the query of the current page without a history entry; empty values remove their parameter.
 *
 * `route` is changed in place and not set, so the page is not made again, but whatever reads `route` later sees the new
 * query.
 */
export function setQuery(changes) {
  const { query } = route.peek();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : "") + location.hash);
}

/** Handle clicks on links within the console, and the back and forward buttons of the browser. */
export function startRouting(isOurs) {
  history.scrollRestoration = "manual"; // the browser would restore it before the page has its content
  window.addEventListener("popstate", (event) => {
    route.value = { ...read(), scroll: event.state?.scroll ?? 0 };
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin || !isOurs(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search + link.hash);
  });
}

/**
 * Return the first of `pages` whose path matches, with the values of its placeholders (`:id`); null if none matches.
 *
 * @param {Array<{path: string}>} pages
 */
export function match(pages, path) {
  for (const page of pages) {
    const names = [];
    const pattern = page.path.replace(/:(\w+)/g, (_, name) => {
      names.push(name);
      return "([^/]+)";
    });
    const found = new RegExp(`^${pattern}/?$`).exec(path);
    const parameters = found && decoded(names, found.slice(1));
    if (parameters) return { page, parameters };
  }
  return null;
}

/** Decode the values of placeholders; null if the URL is malformed, such as `/jobs/%E0%A4`. */
function decoded(names, values) {
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index])]));
  } catch {
    return null;
  }
}

/**
 * Scroll to the top of a new page, or to the previous position after going back. The content arrives later, so wait until
 * the page is long enough; give up when the user scrolls, or after some seconds.
 */
export function restoreScroll(content, scroll) {
  scrollTo(0, 0);
  if (!scroll) return;
  const stop = new AbortController();
  const watch = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight < scroll + innerHeight) return;
    scrollTo(0, scroll);
    stop.abort();
  });
  for (const name of ["wheel", "pointerdown", "keydown", "popstate"]) addEventListener(name, () => stop.abort(), { signal: stop.signal });
  setTimeout(() => stop.abort(), RESTORE_SCROLL_MILLISECONDS);
  stop.signal.addEventListener("abort", () => watch.disconnect());
  watch.observe(content);
}

/** Make a page in its own scope; call `end` when it is left. */
export function runInScope(make) {
  const scope = new Scope();
  try {
    return { node: scope.run(make), end: () => scope.end() };
  } catch (error) {
    scope.end();
    throw error;
  }
}

function read() {
  return { path: location.pathname, query: new URLSearchParams(location.search), fragment: location.hash.slice(1), scroll: 0 };
}
