/** What is under the pointer on a timeline: the frame's number, its time, and a small picture of about there. */

import { h } from "../../core/dom.js";
import { currentScope } from "../../core/reactive.js";
import { rendition } from "../../core/api.js";
import { count } from "../../core/format.js";
import { preciseClock } from "../stage/controls.js";

const PICTURES = { count: 100, width: 160 };

export function hoverTip(index, dataId) {
  const text = h("p");
  const canvas = h("canvas", { width: PICTURES.width, height: 90, hidden: true });
  const node = h("div.tip", { hidden: true, "aria-hidden": "true" }, canvas, text);
  const scope = currentScope();
  let pictures = null;
  let isAsked = false;

  async function load() {
    isAsked = true;
    const ending = new AbortController();
    scope?.onEnd(() => ending.abort());
    try {
      const image = new Image();
      image.src = await rendition(`/data/${encodeURIComponent(dataId)}/renditions/thumbnails`, PICTURES, { signal: ending.signal });
      await image.decode();
      pictures = image;
    } catch {
      // The number and the time say enough.
    }
  }

  function drawPicture(frame) {
    const parts = Math.min(PICTURES.count, index.count);
    const columns = Math.round(pictures.naturalWidth / PICTURES.width);
    const height = pictures.naturalHeight / Math.ceil(parts / columns);
    const part = Math.min(parts - 1, Math.floor(((frame - 1) * parts) / index.count));
    Object.assign(canvas, { height, hidden: false });
    const [x, y] = [(part % columns) * PICTURES.width, Math.floor(part / columns) * height];
    canvas.getContext("2d").drawImage(pictures, x, y, PICTURES.width, height, 0, 0, PICTURES.width, height);
  }

  return {
    node,
    show(frame, x, title) {
      if (dataId && !isAsked) load();
      text.textContent = `${title ? `${title} · ` : ""}frame ${count(frame)} · ${preciseClock(index.timeOf(frame))}`;
      node.hidden = false;
      if (pictures) drawPicture(frame);
      const half = node.offsetWidth / 2;
      node.style.left = `${Math.min(Math.max(half, x), node.parentElement.clientWidth - half)}px`;
    },
    hide: () => (node.hidden = true),
  };
}
