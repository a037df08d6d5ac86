/** The console begins: who is signed in, and which page the address means. */

import { fill } from "./core/dom.js";
import { get } from "./core/api.js";
import { startListening, stopListening } from "./core/live.js";
import { computed, effect } from "./core/reactive.js";
import { beginAt, go, match, place, scoped, startRouting } from "./core/router.js";
import { onSessionOver, session } from "./core/session.js";
import { frame, content, nameThePage } from "./frame/frame.js";
import { AREAS } from "./areas.js";
import { failure } from "./parts/load.js";
import { complain } from "./parts/notices.js";
import { emptiness, heading } from "./parts/show.js";
import { askToSignIn } from "./pages/entrance/again.js";

const PAGES = AREAS.flatMap((area) => area.pages.map((page) => ({ ...page, area })));

let shown = null;
let turn = 0;

async function begin() {
  document.body.append(frame());
  onSessionOver(askToSignIn);
  startRouting((path) => match(PAGES, path) !== null);
  session.value = await whoIsHere();
  const isIn = computed(() => Boolean(session.value)); // who signs in again keeps the page
  effect(() => {
    if (isIn.value) startListening();
    else stopListening();
  });
  effect(() => {
    show(place.value, isIn.value);
  });
}

/** The session that this browser has, if any. */
async function whoIsHere() {
  try {
    const { signed_in: isIn } = await get("/sign-in");
    return isIn ? await get("/account", {}, { signsIn: true }) : null;
  } catch (error) {
    complain(error);
    return null;
  }
}

/** Show the page at a place; who must sign in first comes back afterwards. */
async function show({ path, query, scroll }, isIn) {
  const mine = (turn += 1);
  const found = match(PAGES, path);
  if (found && !found.page.isOpen && !isIn) {
    go(`/sign-in${path === "/" ? "" : `?next=${encodeURIComponent(path + location.search)}`}`, { replace: true });
    return;
  }
  let make = notFound;
  try {
    if (found) make = (await found.page.load()).page;
  } catch (error) {
    make = () => failed(new Error(`it could not be loaded (${error.message})`));
  }
  if (mine !== turn) return;
  shown?.end();
  shown = made(() => make({ ...found?.parameters, query }));
  fill(content, shown.node);
  nameThePage(found?.page.area.title);
  beginAt(content, scroll);
}

/** A page; where its making fails, that is told in its place. */
function made(make) {
  try {
    return scoped(make);
  } catch (error) {
    reportError(error);
    return scoped(() => failed(error));
  }
}

const failed = (error) => [heading("This page does not work"), failure(error, () => location.reload())];

function notFound() {
  return [heading("There is no such page"), emptiness("Nothing here", "The address may be wrong, or what it led to is gone.")];
}

begin();
