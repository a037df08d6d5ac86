/** What can be done in a viewer, by buttons and by keys alike. */

import { save } from "../../core/api.js";
import { setQuery } from "../../core/router.js";
import { attempt, notify } from "../../parts/notices.js";
import { copyText } from "../../parts/show.js";
import { frameWithBoxes } from "../model/filters.js";
import { showKeys } from "./keys.js";

/**
 * @param view of `viewOf`
 * @param player of `videoPlayer` or `clockPlayer`
 * @param shown of `screen`
 * @param {{stage: () => Element, filename: string}} about what becomes as large as the screen; what pictures are called after
 */
export function viewerActions(view, player, shown, { stage, filename }) {
  const { index, labels } = view;
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
    beginRange: () => setRange(player.aim.peek(), Math.max(player.range.peek()?.[1] ?? index.count, player.aim.peek())),
    endRange: () => setRange(Math.min(player.range.peek()?.[0] ?? 1, player.aim.peek()), player.aim.peek()),
    setRange,
    clearRange: () => (player.range.value = null),
    /** To the next (1) or previous (-1) frame with the selected track, or with anything that is shown. */
    find(step) {
      if (!labels) return;
      const track = view.selected.peek()?.track ?? null;
      const found = frameWithBoxes(labels, player.aim.peek(), step, view.isShown.peek(), track);
      if (found === null) notify(step > 0 ? "Nothing more after this frame" : "Nothing before this frame");
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
    help: () => showKeys(),
  };
}

/** The frame that is shown `seconds` later, at least one further on. */
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
