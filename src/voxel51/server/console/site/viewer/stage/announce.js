/** Telling where one is: to screen readers while it stands still, and in the page's address. */

import { h } from "../../core/dom.js";
import { effect, onEnd } from "../../core/reactive.js";
import { setQuery } from "../../core/router.js";
import { preciseClock } from "./controls.js";

const STILL_MILLISECONDS = 400;
const ADDRESS_MILLISECONDS = 1000; // browsers refuse more than some changes a second

/** A region that says the frame once one has stopped at it. */
export function spokenPlace(view, player) {
  const { index, labels } = view;
  const region = h("p.unseen", { role: "status" });
  whenStill(player, STILL_MILLISECONDS, (frame) => {
    if (player.isPlaying.peek()) return;
    const [from, to] = labels?.boxesIn(frame) ?? [0, 0];
    region.textContent = `Frame ${frame} of ${index.count}, ${preciseClock(index.timeOf(frame))}` + (labels ? `, ${to - from} boxes` : "");
  });
  return region;
}

/** Keep `?frame=` of the address. */
export function keepPlace(player) {
  let isFirst = true;
  whenStill(player, STILL_MILLISECONDS, (frame) => {
    const isBegun = isFirst;
    isFirst = false;
    if (isBegun && frame === 1) return;
    setQuery({ frame });
  });
}

function whenStill(player, milliseconds, tell) {
  let timer = null;
  let told = performance.now();
  effect(() => {
    const frame = player.shown.value;
    player.isPlaying.value;
    clearTimeout(timer);
    if (!frame) return;
    if (performance.now() - told > ADDRESS_MILLISECONDS) now(frame);
    else timer = setTimeout(() => now(frame), milliseconds);
  });
  onEnd(() => clearTimeout(timer));

  function now(frame) {
    told = performance.now();
    tell(frame);
  }
}
