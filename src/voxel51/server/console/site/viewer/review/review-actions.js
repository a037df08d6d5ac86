/** Actions of a reviewer on the selected track, for the buttons and keys of a review. */

import { h } from "../../core/dom.js";
import { signal } from "../../core/reactive.js";
import { dialog } from "../../parts/dialog.js";
import { field, form } from "../../parts/form.js";
import { notify } from "../../parts/notices.js";

/**
 * @param session of `reviewSession`
 * @param {{value: number|null}} current a signal of the number of the selected track
 * @param player of the viewer
 * @param {(frame: number) => void} go shows a frame
 */
export function reviewActions(session, current, player, go) {
  const isDrawing = signal(false);
  const merging = signal(null); // the number of the track for which another one is chosen
  const chosen = () => {
    const number = current.peek();
    if (number === null || !session.tracks.peek().has(number)) {
      notify("Select a track first, in the picture or in the list");
      return null;
    }
    return number;
  };
  const frame = () => player.aim.peek();

  /** Accept or reject the selected track, and go on to the next one that is undecided. If no track is selected, select the first one. */
  function decide(kind) {
    const first = current.peek() === null ? firstUndecided(session.tracks.peek(), frame()) : null;
    if (first !== null) {
      select(first);
      return notify(`Selected ${session.tracks.peek().get(first).label || "object"} ${first}. Press ${kind === "accept" ? "A to accept" : "R to reject"} it`);
    }
    const number = chosen();
    if (number === null || !session.add({ edit: kind, tracks: [number] })) return;
    const next = nextUndecided(session.tracks.peek(), number);
    if (next === null) return notify("All tracks are decided");
    select(next);
  }

  function select(number) {
    if (merging.peek() !== null && number !== null && number !== merging.peek()) {
      const merged = merging.peek();
      merging.value = null;
      if (session.add({ edit: "merge", tracks: [merged], into: number })) current.value = number;
      return;
    }
    current.value = number;
    const boxes = session.tracks.peek().get(number)?.boxes;
    if (boxes && !boxes.has(frame())) go(Math.min(...boxes.keys()));
  }

  return {
    isDrawing,
    merging,
    select,
    accept: () => decide("accept"),
    reject: () => decide("reject"),
    acceptOthers() {
      const numbers = undecided(session.tracks.peek());
      if (numbers.length) session.add({ edit: "accept", tracks: numbers });
      else notify("All tracks are decided");
    },
    async rename() {
      const number = chosen();
      if (number === null) return;
      const { label } = session.tracks.peek().get(number);
      const next = await askClass(`Rename ${label || "object"} ${number}`, classes(session), label, "Rename");
      if (next && next !== label) session.add({ edit: "rename", tracks: [number], label: next });
    },
    merge() {
      const number = chosen();
      if (number === null) return;
      isDrawing.value = false;
      merging.value = number;
    },
    split() {
      const number = chosen();
      const created = session.newNumber();
      if (number !== null && session.add({ edit: "split", track: number, frame: frame(), new_track: created })) current.value = created; // it is the one in this frame
    },
    erase() {
      const number = chosen();
      if (number !== null) session.add({ edit: "erase", track: number, frame: frame() });
    },
    draw() {
      player.pause();
      merging.value = null;
      isDrawing.value = !isDrawing.peek();
    },
    /** Add the box that was drawn: to the selected track, or as a new one. */
    async drawn(box) {
      isDrawing.value = false;
      const number = current.peek();
      const known = session.tracks.peek().get(number);
      if (known && !known.isRejected) return session.add({ edit: "draw", track: number, frame: frame(), box });
      const label = await askClass("New track", classes(session), "", "Add track");
      if (!label) return false;
      const created = session.newNumber();
      if (!session.add({ edit: "draw", track: created, frame: frame(), box, label })) return false;
      current.value = created;
      return true;
    },
    cancel() {
      isDrawing.value = false;
      merging.value = null;
    },
    undo: () => session.undo() ?? notify("Nothing to undo"),
    redo: () => session.redo() ?? notify("Nothing to redo"),
  };
}

/** Return the numbers of the undecided tracks, in the order of their first frames. */
function undecided(tracks) {
  const found = [...tracks].filter(([, { isAccepted, isRejected }]) => !isAccepted && !isRejected);
  return found.map(([number, { boxes }]) => [Math.min(...boxes.keys()), number]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, number]) => number);
}

/** Return the first undecided track with a box in a frame, or the first of all; null if all are decided. */
function firstUndecided(tracks, frame) {
  const open = undecided(tracks);
  return open.find((number) => tracks.get(number).boxes.has(frame)) ?? open[0] ?? null;
}

/** Return the undecided track after `number`, or the first one; null if all are decided. */
function nextUndecided(tracks, number) {
  const first = (each) => Math.min(...tracks.get(each).boxes.keys());
  const open = undecided(tracks);
  return open.find((each) => first(each) > first(number) || (first(each) === first(number) && each > number)) ?? open[0] ?? null;
}

const classes = (session) => [...new Set([...session.tracks.peek().values()].map(({ label }) => label).filter(Boolean))].sort();

/** Ask for a class, of those that occur or another one; resolves to its name, or undefined. */
function askClass(title, known, value, verb) {
  return dialog(title, (close) => {
    const control = h("input", { name: "label", required: true, maxlength: 255, list: "review-classes", autocomplete: "off", autofocus: true, value });
    const content = [field("Class", control, { hint: known.length ? `In these labels: ${known.slice(0, 12).join(", ")}` : "" }), h("datalist", { id: "review-classes" }, known.map((name) => h("option", { value: name })))];
    return form(content, { verb, cancel: () => close(), submit: ({ label }) => close(label.trim()) });
  });
}
