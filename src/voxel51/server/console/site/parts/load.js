/** Showing what has to be fetched first: a sign of loading, then the thing, or why it could not be had. */

import { h } from "../core/dom.js";
import { Refused, Unreachable } from "../core/api.js";
import { currentScope, signal, untracked } from "../core/reactive.js";
import { textOf } from "./notices.js";
import { button } from "./form.js";
import { emptiness, heading, loading } from "./show.js";

const AGAIN_MILLISECONDS = 3000;

/**
 * @param {(signal: AbortSignal) => Promise} fetch
 * @param {(value) => Node} show made anew with each value
 */
export function loaded(fetch, show) {
  const { state, reload } = resource(fetch);
  return [
    () => {
      const { value, error, isThere } = state.value;
      if (error) return failure(error, reload);
      return isThere ? show(value, reload) : loading();
    },
  ];
}

/**
 * A page about one record: where there is none (or it is somebody else's, which is the same), the page says so.
 *
 * @param {{what: string, list: string}} kind what is not there, and the path of where to look
 */
export function loadedRecord(fetch, { what, list }, show) {
  const { state, reload } = resource(fetch);
  return [
    () => {
      const { value, error, isThere } = state.value;
      if (error instanceof Refused && error.status === 404) return missing(what, list);
      if (error) return [heading(`This ${what}`), failure(error, reload)];
      return isThere ? untracked(() => show(value)) : loading();
    },
  ];
}

function missing(what, list) {
  return [heading(`There is no such ${what}`), emptiness("Nothing here", "The address may be wrong, or what it led to is gone, or not yours.", h("a.button", { href: list }, "See what there is"))];
}

/**
 * Something that is fetched, and can be fetched again; that is done by itself until the platform can be reached.
 *
 * @returns {{state: {value: {value, error, isThere}}, reload: () => Promise}} what is there stays while it is fetched again
 */
export function resource(fetch) {
  const state = signal({ isThere: false });
  let running = null;
  let timer = null;

  async function reload() {
    clearTimeout(timer);
    running?.abort();
    const mine = (running = new AbortController());
    try {
      const value = await fetch(mine.signal);
      if (mine === running) state.value = { value, isThere: true };
    } catch (error) {
      if (error.name === "AbortError" || mine !== running) return;
      state.value = { ...state.peek(), error };
      if (error instanceof Unreachable && !mine.signal.aborted) timer = setTimeout(reload, AGAIN_MILLISECONDS);
    }
  }

  currentScope()?.onEnd(() => {
    clearTimeout(timer);
    running?.abort();
  });
  reload();
  return { state, reload };
}

/** Why something could not be had, and a way to try again. */
export function failure(error, again) {
  return h("div.empty.failure", { role: "alert" }, h("h2", {}, "This could not be loaded"), h("p", {}, textOf(error)), again && button("Try again", again, { symbol: "refresh" }));
}
