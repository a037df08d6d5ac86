/** Pointer and wheel input of a timeline: seek, set a loop, select, collapse, zoom, scroll. */

import { listen } from "../../core/reactive.js";
import { ROW, RULER } from "./draw-lanes.js";

const WHEEL_ZOOM = 1.0018;

export function listenToPointer({ scroller, scale, gutter, lanes, folded, view, actions, tip }) {
  let dragged = null; // {from: frame, setsLoop} during a drag
  const placeOf = (event) => {
    const box = scroller.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { x, y, frame: scale.frameAt((x - gutter()) / (scroller.clientWidth - gutter())), lane: y < RULER ? null : lanes.peek()[Math.floor((y - RULER + scroller.scrollTop) / ROW)] };
  };

  listen(scroller, "pointerdown", (event) => {
    const { x, frame, lane } = placeOf(event);
    if (event.button !== 0 || x > scroller.clientWidth) return;
    if (x < gutter()) return press(lane);
    scroller.setPointerCapture(event.pointerId);
    dragged = { from: frame, setsLoop: event.shiftKey };
    if (event.shiftKey) return;
    actions.go(frame);
    select(lane, frame);
  });
  listen(scroller, "pointermove", (event) => {
    const { x, frame, lane } = placeOf(event);
    if (dragged?.setsLoop) actions.setRange(dragged.from, frame);
    else if (dragged) actions.go(frame);
    if (x >= gutter()) tip.show(frame, x, lane?.title);
    else tip.hide();
  });
  for (const name of ["pointerup", "pointercancel"]) listen(scroller, name, () => (dragged = null));
  listen(scroller, "pointerleave", () => tip.hide());
  listen(
    scroller,
    "wheel",
    (event) => {
      const along = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
      if (event.ctrlKey) scale.zoom(WHEEL_ZOOM ** -event.deltaY, placeOf(event).frame + 0.5);
      else if (Math.abs(along) > 0) scale.pan(along / scroller.clientWidth);
      else return; // vertical scrolling is left to the browser
      event.preventDefault();
    },
    { passive: false },
  );

  /** The title of a lane was pressed: collapse or expand a label, select a track. */
  function press(lane) {
    if (lane?.canFold) {
      folded.update((labels) => {
        const next = new Set(labels);
        next[lane.isFolded ? "delete" : "add"](lane.label);
        return next;
      });
    } else if (lane?.kind === "track") view.selected.value = { track: lane.track };
  }

  function select(lane, frame) {
    if (lane?.kind === "track") view.selected.value = { track: lane.track };
    if (lane?.kind !== "event") return;
    const segment = lane.segments().find(({ first, last }) => first <= frame && frame <= last);
    if (segment) view.selected.value = { event: segment.event };
  }
}
