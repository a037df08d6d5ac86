/** Fetched content: a loading message, then the content, or the error with a button to retry. */

import { h } from "../core/dom.js";
import { ApiError, Unreachable } from "../core/api.js";
import { currentScope, signal, untracked } from "../core/reactive.js";
import { errorText } from "./notices.js";
import { button } from "./form.js";
import { emptyState, heading, loading } from "./elements.js";

const RETRY_MILLISECONDS = 3000;

/**
 * @param {(signal: AbortSignal) => Promise} fetch
 * @param {(value, reload) => Node} show called for each new value
 */
export function loaded(fetch, show) {
  const { state, reload } = resource(fetch);
  return [
    () => {
      const { value, error, isThere } = state.value;
      if (error) return loadError(error, reload);
      return isThere ? show(value, reload) : loading();
    },
  ];
}

/**
 * The page of one record, or a "not found" page. The platform answers 404 for records of other users as well, so that it
 * does not reveal which ids exist.
 *
 * @param {{noun: string, list: string}} kind what the record is called, and the path of the list of such records
 */
export function loadedRecord(fetch, { noun, list }, show) {
  const { state, reload } = resource(fetch);
  return [
    () => {
      const { value, error, isThere } = state.value;
      if (error instanceof ApiError && error.status === 404) return notFound(noun, list);
      if (error) return [heading(capitalized(noun)), loadError(error, reload)];
      return isThere ? untracked(() => show(value)) : loading();
    },
  ];
}

function notFound(noun, list) {
  const title = `${capitalized(noun)} not found`;
  return [heading(title), emptyState(`There is no such ${noun}`, "The address may be wrong, the item may have been deleted or expired, or it belongs to another user.", h("a.button", { href: list }, "Go to the list"))];
}

const capitalized = (noun) => noun.charAt(0).toUpperCase() + noun.slice(1);

/**
 * Something that is fetched and can be reloaded. While the platform cannot be reached, it is retried automatically.
 *
 * @returns {{state: {value: {value, error, isThere}}, reload: () => Promise}} the old value stays during a reload
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
      if (error instanceof Unreachable && !mine.signal.aborted) timer = setTimeout(reload, RETRY_MILLISECONDS);
    }
  }

  currentScope()?.onEnd(() => {
    clearTimeout(timer);
    running?.abort();
  });
  reload();
  return { state, reload };
}

/** An error that replaces the content, with a button to retry. */
export function loadError(error, retry) {
  return h("div.empty.failure", { role: "alert" }, h("h2", {}, "Loading failed"), h("p", {}, errorText(error)), retry && button("Retry", retry, { symbol: "refresh" }));
}
