/** The tooltip of a timeline: frame number, time, and a thumbnail from near that frame. */

import { h } from "../../core/dom.js";
import { currentScope } from "../../core/reactive.js";
import { rendition } from "../../core/api.js";
import { count } from "../../core/format.js";
import { preciseClock } from "../stage/controls.js";

const THUMBNAILS = { count: 100, width: 160 };

export function hoverTip(index, dataId) {
  const text = h("p");
  const canvas = h("canvas", { width: THUMBNAILS.width, height: 90, hidden: true });
  const node = h("div.tip", { hidden: true, "aria-hidden": "true" }, canvas, text);
  const scope = currentScope();
  let sheet = null;
  let isAsked = false;
  let shown = 1;

  async function load() {
    isAsked = true;
    const ending = new AbortController();
    scope?.onEnd(() => ending.abort());
    try {
      const image = new Image();
      image.src = await rendition(`/data/${encodeURIComponent(dataId)}/renditions/thumbnails`, THUMBNAILS, { signal: ending.signal });
      await image.decode();
      sheet = image;
      if (!node.hidden) drawPicture(shown);
    } catch {
      // The tooltip shows the number and the time without a thumbnail.
    }
  }

  function drawPicture(frame) {
    const parts = Math.min(THUMBNAILS.count, index.count);
    const columns = Math.round(sheet.naturalWidth / THUMBNAILS.width);
    const height = sheet.naturalHeight / Math.ceil(parts / columns);
    const part = Math.min(parts - 1, Math.floor(((frame - 1) * parts) / index.count));
    Object.assign(canvas, { height, hidden: false });
    const [x, y] = [(part % columns) * THUMBNAILS.width, Math.floor(part / columns) * height];
    canvas.getContext("2d").drawImage(sheet, x, y, THUMBNAILS.width, height, 0, 0, THUMBNAILS.width, height);
  }

  return {
    node,
    show(frame, x, title) {
      shown = frame;
      if (dataId && !isAsked) load();
      text.textContent = `${title ? `${title} · ` : ""}frame ${count(frame)} · ${preciseClock(index.timeOf(frame))}`;
      node.hidden = false;
      if (sheet) drawPicture(frame);
      const half = node.offsetWidth / 2;
      node.style.left = `${Math.min(Math.max(half, x), node.parentElement.clientWidth - half)}px`;
    },
    hide: () => (node.hidden = true),
  };
}
