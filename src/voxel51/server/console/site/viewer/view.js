/** What is looked at and how: the state that all parts of a viewer share. */

import { computed, effect, signal } from "../core/reactive.js";
import { colourOfLabel, colourOfTrack } from "./model/colours.js";
import { shownBoxes } from "./model/filters.js";

const KEY = "viewer";
const LOOKS = {
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
 * @param labels of `labelsOf`; null where there are none
 */
export function viewOf(index, labels) {
  const kept = keptLooks();
  const looks = Object.fromEntries(Object.keys(LOOKS).map((name) => [name, signal(kept[name] ?? LOOKS[name])]));
  const hidden = signal(new Set());
  const threshold = signal(0);
  effect(() => {
    const now = Object.fromEntries(Object.entries(looks).map(([name, { value }]) => [name, value]));
    localStorage.setItem(KEY, JSON.stringify(now));
  });
  return {
    index,
    labels,
    looks,
    hidden,
    threshold,
    /** A predicate over numbers of boxes. */
    isShown: labels && computed(() => shownBoxes(labels, { hidden: hidden.value, threshold: threshold.value })),
    /** `{track}` or `{event}`, or null. */
    selected: signal(null),
    colourOfTrack: (track) =>
      looks.colours.value === "track" ? colourOfTrack(labels.tracks[track].index ?? track) : colourOfLabel(labels.nameOf(labels.tracks[track].label)),
    colourOfBox(id) {
      const track = labels.boxes.track[id];
      return track >= 0 ? this.colourOfTrack(track) : this.colourOfLabel(labels.boxes.label[id]);
    },
    colourOfLabel: (label) => colourOfLabel(labels.nameOf(label)),
  };
}

function keptLooks() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
