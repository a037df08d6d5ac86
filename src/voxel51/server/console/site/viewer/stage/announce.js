/** The current frame: announced to screen readers when the player stops, and kept in the URL. */

import { h } from "../../core/dom.js";
import { effect, onEnd } from "../../core/reactive.js";
import { setQuery } from "../../core/router.js";
import { preciseClock } from "./controls.js";

const SETTLE_MILLISECONDS = 400;
const MIN_INTERVAL_MILLISECONDS = 1000; // browsers reject frequent calls of `history.replaceState`

/** A status region that announces the frame when the player stops. */
export function frameAnnouncer(view, player) {
  const { index } = view;
  const region = h("p.visually-hidden", { role: "status" });
  whenSettled(player, (frame) => {
    if (player.isPlaying.peek()) return;
    const { labels } = view;
    const [from, to] = labels?.boxesIn(frame) ?? [0, 0];
    region.textContent = `Frame ${frame} of ${index.count}, ${preciseClock(index.timeOf(frame))}` + (labels ? `, ${to - from} boxes` : "");
  });
  return region;
}

/** Keep the frame in `?frame=` of the URL. It is not needed for `first`, at which the page opens. */
export function keepFrameInUrl(player, first) {
  let isFirst = true;
  whenSettled(player, (frame) => {
    const isInitial = isFirst;
    isFirst = false;
    if (isInitial && frame === first) return;
    setQuery({ frame });
  });
}

/** Call `run` with the frame when it has not changed for a while, and now and then while it changes. */
function whenSettled(player, run) {
  let timer = null;
  let lastRun = performance.now();
  effect(() => {
    const frame = player.shown.value;
    player.isPlaying.value;
    clearTimeout(timer);
    if (!frame) return;
    if (performance.now() - lastRun > MIN_INTERVAL_MILLISECONDS) runNow(frame);
    else timer = setTimeout(() => runNow(frame), SETTLE_MILLISECONDS);
  });
  onEnd(() => clearTimeout(timer));

  function runNow(frame) {
    lastRun = performance.now();
    run(frame);
  }
}
