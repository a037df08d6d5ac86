/** The state that all parts of a viewer share: display options, hidden labels, threshold, selection. */

import { computed, effect, signal } from "../core/reactive.js";
import { colourOf } from "./model/colours.js";
import { boxFilter } from "./model/filters.js";

const KEY = "viewer";
const DISPLAY_DEFAULTS = {
  boxes: true,
  captions: true,
  confidence: true,
  attributes: false,
  masks: true,
  events: true,
  trails: false,
  width: 2,
  colours: "track",
};

/**
 * @param index of `frameIndex`
 * @param labels a signal of `labelsOf`, which changes while a job runs; or of null
 */
export function viewState(index, labels) {
  const stored = storedDisplay();
  const display = Object.fromEntries(Object.keys(DISPLAY_DEFAULTS).map((name) => [name, signal(stored[name] ?? DISPLAY_DEFAULTS[name])]));
  const hidden = signal(new Set());
  const threshold = signal(0);
  effect(() => {
    const now = Object.fromEntries(Object.entries(display).map(([name, { value }]) => [name, value]));
    localStorage.setItem(KEY, JSON.stringify(now));
  });
  return {
    index,
    get labels() {
      return labels.value;
    },
    display,
    hidden,
    threshold,
    /** A signal of a predicate on boxes. */
    isShown: labels.peek() && computed(() => boxFilter(labels.value, { hidden: hidden.value, threshold: threshold.value })),
    /** A signal: `{track}`, `{event}` or null. */
    selected: signal(null),
    colourOfTrack: (track) =>
      colourOf(display.colours.value === "track" ? (labels.value.tracks[track].index ?? track) : labels.value.tracks[track].label),
    colourOfBox(id) {
      const { track, label } = labels.value.boxes;
      return track[id] >= 0 ? this.colourOfTrack(track[id]) : colourOf(label[id]);
    },
    colourOfLabel: colourOf,
  };
}

function storedDisplay() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
