/** A strip of pictures of the best of a result, each a link to its frame: cut out of the video after its first frame is shown. */

import { h } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { effect, onEnd } from "../../core/reactive.js";
import { bestOf } from "../model/best.js";
import { partAround, sizeOf } from "../player/crop.js";
import { frameReader } from "../player/frame-reader.js";

const HEIGHT = 72;
const MAX_ASPECT = 2;
const MIN_ASPECT = 0.6;

/** @param {{address, image}} source the playable video or the image */
export function bestPictures(view, actions, { address, image }, player) {
  const best = bestOf(view.labels, view.index.count).map((entry) => ({ ...entry, canvas: h("canvas", { height: HEIGHT, width: HEIGHT, "aria-hidden": "true" }) }));
  if (best.length === 0) return null;
  let isOver = false;
  onEnd(() => (isOver = true));

  async function draw() {
    const reader = image ? null : frameReader(address, view.index);
    try {
      for (const entry of [...best].sort((a, b) => a.frame - b.frame)) {
        if (isOver) return;
        await (reader ? reader.read(entry.frame, (source) => cut(entry, source)) : cut(entry, image));
      }
    } catch {
      // The player reports a video that cannot be read; the strip stays as it is.
    } finally {
      reader?.close();
    }
  }

  let hasBegun = false;
  effect(() => {
    if (!player.shown.value || hasBegun) return;
    hasBegun = true;
    draw();
  });
  return h("ul.best", { "aria-label": "Best pictures" }, best.map((entry) => h("li", {}, picture(entry, view, actions))));
}

function picture({ canvas, frame, title, track }, view, actions) {
  const press = () => {
    if (track !== null) view.selected.value = { track };
    actions.go(frame);
  };
  return h("button.plain", { type: "button", onclick: press, "aria-label": `Go to ${title}, frame ${count(frame)}`, title: `${title}, frame ${count(frame)}` }, canvas);
}

/** Draw the part of a picture that an entry shows, with a margin, at most twice as wide and not much narrower than high. */
function cut({ canvas, edges }, source) {
  const { x, y, width, height } = partAround(edges, sizeOf(source), { least: MIN_ASPECT, most: MAX_ASPECT });
  canvas.width = Math.round((HEIGHT * width) / height);
  canvas.getContext("2d").drawImage(source, x, y, width, height, 0, 0, canvas.width, HEIGHT);
}
