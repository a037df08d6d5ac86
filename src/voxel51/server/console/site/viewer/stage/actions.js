/** Actions of a viewer, for its buttons and its keyboard shortcuts. */

import { save } from "../../core/api.js";
import { setQuery } from "../../core/router.js";
import { attempt, notify } from "../../parts/notices.js";
import { copyText } from "../../parts/elements.js";
import { frameWithBoxes } from "../model/filters.js";
import { showShortcuts } from "./keyboard.js";

/**
 * @param view of `viewState`
 * @param player of `videoPlayer` or `clockPlayer`
 * @param shown of `screen`
 * @param {{stage: () => Element, filename: string}} options the element for full screen; the file name for saved frames
 */
export function viewerActions(view, player, shown, { stage, filename }) {
  const { index } = view;
  const go = (number) => {
    player.pause();
    player.seek(number);
  };
  const setRange = (first, last) => {
    player.range.value = [Math.max(1, Math.min(first, last)), Math.min(index.count, Math.max(first, last))];
  };
  return {
    go,
    toggle: () => attempt(() => (player.isPlaying.peek() ? player.pause() : player.play())),
    step: (frames) => go(player.aim.peek() + frames),
    jump: (seconds) => player.seek(jumped(index, player.aim.peek(), seconds)),
    startLoop: () => setRange(player.aim.peek(), Math.max(player.range.peek()?.[1] ?? index.count, player.aim.peek())),
    endLoop: () => setRange(Math.min(player.range.peek()?.[0] ?? 1, player.aim.peek()), player.aim.peek()),
    setRange,
    clearRange: () => (player.range.value = null),
    /** Go to the next (1) or previous (-1) frame with the selected track, or with any shown box. */
    find(step) {
      const { labels } = view;
      if (!labels) return;
      const track = view.selected.peek()?.track ?? null;
      const found = frameWithBoxes(labels, player.aim.peek(), step, view.isShown.peek(), track);
      if (found === null) notify(step > 0 ? "No boxes after this frame" : "No boxes before this frame");
      else go(found);
    },
    copyLink() {
      setQuery({ frame: player.aim.peek() });
      return copyText(location.href);
    },
    saveFrame: () => attempt(() => saveFrame(shown, player.shown.peek(), filename)),
    async fullScreen() {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await attempt(() => stage().requestFullscreen());
    },
    help: () => showShortcuts(),
  };
}

/** Return the frame that is shown `seconds` later (or earlier), at least one frame away. */
function jumped(index, frame, seconds) {
  const number = index.at(index.timeOf(frame) + seconds);
  return index.clamped(seconds > 0 ? Math.max(number, frame + 1) : Math.min(number, frame - 1));
}

async function saveFrame({ picture, drawOn }, number, filename) {
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  drawOn(pen, { left: 0, top: 0, width: canvas.width, height: canvas.height, scale: Math.max(1, canvas.height / 720) });
  const blob = await canvas.convertToBlob({ type: "image/png" });
  save(blob, `${filename.replace(/\.[^.]*$/, "")}-frame-${number}.png`, "image/png");
}
