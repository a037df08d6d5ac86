/** State of a review: its base version, the edits with undo and redo, and the labels that result. */

import { computed, signal } from "../../core/reactive.js";
import { notify } from "../../parts/notices.js";
import { UnfitEdit, freeNumber, reviewed } from "./review-model.js";

/**
 * @param labels of `labelsOf`: the labels of the base version
 * @param {Array} first the edits to begin with, such as those of a draft
 */
export function reviewSession(labels, first = []) {
  let base = labels;
  const edits = signal(first);
  const undone = signal([]);
  const state = signal(reviewed(base, first));

  function show(next) {
    state.value = reviewed(base, next);
    edits.value = next;
  }

  return {
    edits,
    labels: computed(() => state.value.labels),
    /** The tracks by number, those that are rejected included. */
    tracks: computed(() => state.value.tracks),
    isChanged: () => edits.value.length > 0,
    canRedo: () => undone.value.length > 0,
    /** Add an edit; return whether it fits. */
    add(edit) {
      try {
        show([...edits.peek(), edit]);
      } catch (error) {
        if (!(error instanceof UnfitEdit)) throw error;
        notify(`Not possible: ${error.message}`);
        return false;
      }
      undone.value = [];
      return true;
    },
    /** Take the last edit back; return it, or null without one. */
    undo() {
      const last = edits.peek().at(-1);
      if (!last) return null;
      show(edits.peek().slice(0, -1));
      undone.update((before) => [...before, last]);
      return last;
    },
    /** Apply the edit again that was taken back last; return it, or null without one. */
    redo() {
      const next = undone.peek().at(-1);
      if (!next) return null;
      undone.update((before) => before.slice(0, -1));
      show([...edits.peek(), next]);
      return next;
    },
    /** Go on from other labels, by default the present ones, with these edits. */
    restart(next = state.peek().labels, nextEdits = []) {
      base = next;
      undone.value = [];
      show(nextEdits);
    },
    newNumber: () => freeNumber(state.peek().tracks, [...edits.peek(), ...undone.peek()]),
  };
}
