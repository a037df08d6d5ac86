/** From addresses to pages, without loading the document again. */

import { Scope, signal } from "./reactive.js";

const CAME_BACK_MILLISECONDS = 5000;

/** Path and query of the page that is shown; `scroll` is where it was left, for who comes back to it. */
export const place = signal(read());

/** Go to a path of the console. `replace` leaves no entry in the history. */
export function go(path, { replace = false } = {}) {
  history.replaceState({ scroll: scrollY }, "");
  history[replace ? "replaceState" : "pushState"](null, "", path);
  place.value = read();
}

/**
 * Change the query of the present page, without an entry in the history; empty values leave theirs out. The page is not
 * made anew, and `place` has the new query for whatever is made from now on.
 */
export function setQuery(changes) {
  const { query } = place.peek();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") query.delete(name);
    else query.set(name, value);
  }
  history.replaceState(history.state, "", location.pathname + (query.size ? `?${query}` : "") + location.hash);
}

/** Follow links within the console, and the browser's own going back and forth. */
export function startRouting(isOurs) {
  history.scrollRestoration = "manual"; // the browser would do it before there is anything on the page
  window.addEventListener("popstate", (event) => {
    place.value = { ...read(), scroll: event.state?.scroll ?? 0 };
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin || !isOurs(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
}

/**
 * The first of `pages` whose path fits, with what its placeholders (`:id`) stand for.
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

/** What the placeholders stand for; null where an address is no text at all, such as `/jobs/%E0%A4`. */
function decoded(names, values) {
  try {
    return Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index])]));
  } catch {
    return null;
  }
}

/** Begin at the top of a page; who comes back to it, where they were, as soon as there is so much of it. */
export function beginAt(content, scroll) {
  scrollTo(0, 0);
  if (!scroll) return;
  const stop = new AbortController();
  const watch = new ResizeObserver(() => {
    if (document.documentElement.scrollHeight < scroll + innerHeight) return;
    scrollTo(0, scroll);
    stop.abort();
  });
  for (const name of ["wheel", "pointerdown", "keydown", "popstate"]) addEventListener(name, () => stop.abort(), { signal: stop.signal });
  setTimeout(() => stop.abort(), CAME_BACK_MILLISECONDS);
  stop.signal.addEventListener("abort", () => watch.disconnect());
  watch.observe(content);
}

/** Make a page in a scope of its own; `end` is to be called when it is left. */
export function scoped(make) {
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
