/** Pictures of moments: the best box cut out of the playable video, and the part of the video that plays while it is pointed at. */

import { h } from "../../core/dom.js";
import { onEnd, signal } from "../../core/reactive.js";
import { icon } from "../../parts/icons.js";
import { fetchVideo } from "../../viewer/loading/sources.js";
import { partAround, sizeOf } from "../../viewer/player/crop.js";
import { frameReader } from "../../viewer/player/frame-reader.js";

const WIDTH = 320;
const HEIGHT = 240;
const LIMITS = { least: WIDTH / HEIGHT, most: WIDTH / HEIGHT, margin: 1.4 };
const SMALLEST_SHARE = 0.2;
const MAX_READERS = 2;
const PRELOAD_MARGIN = "200px";
const LONGEST_CLIP_SECONDS = 8;
const BEFORE_BEST_SECONDS = 2;
const REST_MILLISECONDS = 150;

/** A source of pictures of one page. Each video is opened once for all of its moments that come into view. */
export function momentPictures() {
  const videos = new Map();
  const abort = new AbortController();
  let open = 0;

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        target.dispatchEvent(new Event("near"));
      }
    },
    { rootMargin: PRELOAD_MARGIN },
  );
  onEnd(() => {
    observer.disconnect();
    abort.abort();
  });

  function videoOf(id) {
    if (!videos.has(id)) videos.set(id, { wanted: [], isOpen: false, source: null });
    const video = videos.get(id);
    video.source ??= fetchVideo(id, { signal: abort.signal });
    return video;
  }

  /** Read the wanted frames of the videos, the first of which waits longest, with few readers at a time. */
  function readNext() {
    for (const video of videos.values()) {
      if (open >= MAX_READERS || abort.signal.aborted) return;
      if (video.isOpen || video.wanted.length === 0) continue;
      video.isOpen = true;
      open += 1;
      readAll(video).finally(() => {
        video.isOpen = false;
        open -= 1;
        readNext();
      });
    }
  }

  async function readAll(video) {
    let reader = null;
    try {
      const { address, index } = await video.source;
      reader = frameReader(address, index);
      while (video.wanted.length && !abort.signal.aborted) {
        const wanted = video.wanted.shift();
        if (!(await readNear(reader, wanted))) wanted.fail();
      }
    } catch {
      for (const { fail } of video.wanted.splice(0)) fail(); // such as when the video was deleted
    } finally {
      reader?.close();
    }
  }

  /** Draw a frame, or the one beside it: browsers do not always show exactly the one that was asked for. */
  async function readNear(reader, { frame, draw }) {
    let isDrawn = false;
    for (const number of [frame, frame, frame + 1, frame - 1]) {
      await reader.read(number, (source) => {
        draw(source);
        isDrawn = true;
      });
      if (isDrawn) return true;
    }
    return false;
  }

  /** The picture of a moment; a video plays in it while `owner` is pointed at or focused. */
  return function picture(moment, owner) {
    const state = signal("waiting");
    const canvas = h("canvas", { width: WIDTH, height: HEIGHT, "aria-hidden": "true", hidden: () => state.value !== "drawn" });
    const frame = h("span.moment-picture", {}, canvas, () => state.value !== "drawn" && h("span.placeholder", { class: state.value }, icon(state.value === "missing" ? "error" : "data")));
    const { video_id: id, best_frame: number, box } = moment;
    if (!id) {
      state.value = "missing";
      return frame;
    }
    const draw = (source) => {
      drawMoment(canvas, source, box);
      state.value = "drawn";
    };
    frame.addEventListener("near", () => {
      videoOf(id).wanted.push({ frame: number, draw, fail: () => (state.value = "missing") });
      readNext();
    });
    observer.observe(frame);
    playWhile(owner, frame, moment, () => videoOf(id).source);
    return frame;
  };
}

/** Draw the part of a frame around a box, with the outline of the box; without a box, the whole frame. */
function drawMoment(canvas, source, box) {
  const context = canvas.getContext("2d");
  const [wide, high] = sizeOf(source);
  const part = box ? partAround(box, [wide, high], { ...LIMITS, smallest: high * SMALLEST_SHARE }) : { x: 0, y: 0, width: wide, height: high };
  const scale = Math.min(WIDTH / part.width, HEIGHT / part.height);
  const [left, top] = [(WIDTH - part.width * scale) / 2, (HEIGHT - part.height * scale) / 2];
  context.drawImage(source, part.x, part.y, part.width, part.height, left, top, part.width * scale, part.height * scale);
  if (!box) return;
  const [x1, y1, x2, y2] = [box[0] * wide, box[1] * high, box[2] * wide, box[3] * high];
  const place = [left + (x1 - part.x) * scale, top + (y1 - part.y) * scale, (x2 - x1) * scale, (y2 - y1) * scale];
  for (const [style, width] of [["rgb(0 0 0 / 60%)", 4], ["#ffd84d", 2]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.strokeRect(...place);
  }
}

/** Play a moment over its picture, again and again, while its link is pointed at or focused. */
function playWhile(owner, frame, moment, source) {
  let timer = null;
  let video = null;
  const begin = () => {
    clearTimeout(timer);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) timer = setTimeout(play, REST_MILLISECONDS);
  };
  const end = () => {
    clearTimeout(timer);
    timer = null;
    video?.removeAttribute("src"); // closes the connection
    video?.load();
    video?.remove();
    video = null;
  };

  async function play() {
    const mine = timer;
    let found;
    try {
      found = await source();
    } catch {
      return; // the picture says that the video is missing
    }
    if (mine !== timer || video) return;
    const [start, stop] = clipOf(moment, found.index);
    video = document.createElement("video");
    Object.assign(video, { src: found.address, muted: true, playsInline: true, disablePictureInPicture: true, currentTime: start, className: "moment-clip" });
    video.setAttribute("aria-hidden", "true");
    video.tabIndex = -1;
    const again = (event) => {
      if (event.type !== "ended" && event.target.currentTime < stop) return;
      event.target.currentTime = start;
      event.target.play().catch(() => {});
    };
    video.addEventListener("timeupdate", again);
    video.addEventListener("ended", again);
    video.addEventListener("playing", ({ target }) => target.classList.add("shown"), { once: true });
    frame.append(video);
    video.play().catch(() => {}); // the picture stays where a browser does not let videos play
  }

  owner.addEventListener("pointerenter", begin);
  owner.addEventListener("focus", begin);
  owner.addEventListener("pointerleave", () => document.activeElement !== owner && end());
  owner.addEventListener("blur", () => !owner.matches(":hover") && end());
  onEnd(end);
}

/** Return the times between which a moment plays: all of it, or the seconds around its best frame if it is long. */
export function clipOf({ first_frame: first, last_frame: last, best_frame: best }, index) {
  const [start, stop] = [index.seekTimeOf(first), last < index.count ? index.timeOf(last + 1) : index.duration];
  if (stop - start <= LONGEST_CLIP_SECONDS) return [start, stop];
  const from = Math.min(Math.max(start, index.timeOf(best) - BEFORE_BEST_SECONDS), stop - LONGEST_CLIP_SECONDS);
  return [from, from + LONGEST_CLIP_SECONDS];
}
