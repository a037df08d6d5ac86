/** Showing what has to be fetched first: a sign of loading, then the thing, or why it could not be had. */

import { h } from "../core/dom.js";
import { currentScope, signal } from "../core/reactive.js";
import { textOf } from "./notices.js";
import { button } from "./form.js";
import { loading } from "./show.js";

/**
 * @param {(signal: AbortSignal) => Promise} fetch
 * @param {(value) => Node} show made anew with each value
 * @param {() => Node} wait what is shown before
 */
export function loaded(fetch, show, wait = loading) {
  const { state, reload } = resource(fetch);
  return [
    () => {
      const { value, error, isThere } = state.value;
      if (error) return failure(error, reload);
      return isThere ? show(value, reload) : wait();
    },
  ];
}

/**
 * Something that is fetched, and can be fetched again.
 *
 * @returns {{state: {value: {value, error, isThere}}, reload: () => Promise}} what is there stays while it is fetched again
 */
export function resource(fetch) {
  const state = signal({ isThere: false });
  let running = null;

  async function reload() {
    running?.abort();
    const mine = (running = new AbortController());
    try {
      const value = await fetch(mine.signal);
      if (mine === running) state.value = { value, isThere: true };
    } catch (error) {
      if (error.name !== "AbortError" && mine === running) state.value = { ...state.peek(), error };
    }
  }

  currentScope()?.onEnd(() => running?.abort());
  reload();
  return { state, reload };
}

/** Why something could not be had, and a way to try again. */
export function failure(error, again) {
  return h("div.empty.failure", { role: "alert" }, h("h2", {}, "This could not be loaded"), h("p", {}, textOf(error)), again && button("Try again", again, { symbol: "refresh" }));
}
