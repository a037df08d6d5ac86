/** Entry point of the console: find out who is signed in, then show the page of the address. */

import { fill, h } from "./core/dom.js";
import { get } from "./core/api.js";
import { connectJobEvents, disconnectJobEvents } from "./core/job-events.js";
import { computed, effect } from "./core/reactive.js";
import { navigate, match, restoreScroll, route, runInScope, startRouting } from "./core/router.js";
import { onSessionExpired, session } from "./core/session.js";
import { fetchOptionsAtStart } from "./core/sign-in-options.js";
import { content, layout, setDocumentTitle } from "./layout.js";
import { PAGES, loadPage } from "./routes.js";
import { loadError } from "./parts/load.js";
import { showError } from "./parts/notices.js";
import { emptyState, heading } from "./parts/elements.js";
import { showSignInDialog } from "./pages/auth/sign-in-dialog.js";

let current = null; // the page that is shown: {node, end}
let navigations = 0;

async function start() {
  document.body.append(layout());
  onSessionExpired(showSignInDialog);
  startRouting((path) => match(PAGES, path) !== null);
  session.value = await fetchSession();
  const isSignedIn = computed(() => Boolean(session.value)); // signing in again must not make the page again
  effect(() => {
    if (isSignedIn.value) connectJobEvents();
    else disconnectJobEvents();
  });
  effect(() => {
    showPage(route.value, isSignedIn.value);
  });
}

/** Return the session of this browser, or null. */
async function fetchSession() {
  try {
    const { signed_in: isSignedIn } = await fetchOptionsAtStart();
    return isSignedIn ? await get("/account", {}, { signsIn: true }) : null;
  } catch (error) {
    showError(error);
    return null;
  }
}

/** Show the page of a route. A page that needs a session redirects to the sign-in page, which leads back to it. */
async function showPage({ path, query, scroll }, isSignedIn) {
  const mine = (navigations += 1);
  const found = match(PAGES, path);
  if (found && !found.page.public && !isSignedIn) {
    navigate(`/sign-in${path === "/" ? "" : `?next=${encodeURIComponent(path + location.search)}`}`, { replace: true });
    return;
  }
  let make = notFound;
  try {
    if (found) make = (await loadPage(found.page)).page;
  } catch (error) {
    make = () => brokenPage(new Error(`The page could not be loaded: ${error.message}`));
  }
  if (mine !== navigations) return; // another navigation began while the module was loading
  current?.end();
  current = render(() => make({ ...found?.parameters, query }));
  fill(content, current.node);
  setDocumentTitle(found?.page.section.title);
  restoreScroll(content, scroll);
}

/** Make a page; if that fails, make an error page. */
function render(make) {
  try {
    return runInScope(make);
  } catch (error) {
    reportError(error);
    return runInScope(() => brokenPage(error));
  }
}

const brokenPage = (error) => [heading("Page failed to load"), loadError(error, () => location.reload())];

function notFound() {
  return [heading("Page not found"), emptyState("There is no page at this address", "The address may be mistyped, or the page was removed.", h("a.button", { href: "/" }, "Go to Home"))];
}

start();
