/** The matches of a search: jobs with an image of the first frame, and links to the frames. */

import { h } from "../../core/dom.js";
import { rendition } from "../../core/api.js";
import { count, duration } from "../../core/format.js";
import { onEnd, signal } from "../../core/reactive.js";
import { icon } from "../../parts/icons.js";
import { firstFrame } from "./search-query.js";

const MAX_RANGES = 8;
const PRELOAD_MARGIN = "200px";

/** @param {Array} matches of `GET /labels` */
export function matchList(matches, isTogether) {
  return h("ul.matches", {}, matches.map((match) => h("li.match.card", {}, content(match, isTogether))));
}

function content(match, isTogether) {
  const frame = firstFrame(match, isTogether);
  const labels = Object.entries(match.found);
  return [
    h("a.picture", { href: pathOf(match, frame), "aria-label": `Frame ${frame} of ${match.job_name}` }, frameImage(match.job_id, frame)),
    h(
      "div.match-text",
      {},
      h("h3", {}, h("a", { href: pathOf(match, frame) }, match.job_name)),
      h("p.muted", {}, [match.filename, match.analytic].filter(Boolean).join(" · ")),
      isTogether && labels.length > 1
        ? ranges(match, "all at the same time", match.together)
        : labels.map(([label, { ranges: found, seconds, spans }]) => ranges(match, label, found, `${count(spans)} ${spans === 1 ? "segment" : "segments"}, ${duration(seconds)}`)),
    ),
  ];
}

function ranges(match, title, found, summary) {
  return h(
    "div.ranges",
    {},
    h("span.label", {}, title),
    summary && h("span.muted", {}, summary),
    h(
      "ul",
      { "aria-label": `Frames: ${title}` },
      found.slice(0, MAX_RANGES).map(([first, last]) => h("li", {}, h("a", { href: pathOf(match, first) }, first === last ? `frame ${count(first)}` : `frames ${count(first)}–${count(last)}`))),
      found.length > MAX_RANGES && h("li.muted", {}, `and ${count(found.length - MAX_RANGES)} more`),
    ),
  );
}

const pathOf = ({ job_id: id }, frame) => `/jobs/${encodeURIComponent(id)}?frame=${frame}`;

/** An image of a frame with its labels, requested when it comes near the visible part of the page. */
function frameImage(jobId, frame) {
  const source = signal(null);
  const isMissing = signal(false);
  const abort = new AbortController();
  const path = `/jobs/${encodeURIComponent(jobId)}/renditions/frame`;
  const request = async () => {
    try {
      source.value = await rendition(path, { number: frame, width: 320 }, { signal: abort.signal });
    } catch {
      isMissing.value = true; // such as when the video was deleted; the match is shown all the same
    }
  };
  const element = h("span.frame-picture", {}, () => {
    if (source.value) return h("img", { src: source.value, alt: "", onerror: () => (isMissing.value = true) });
    return h("span.placeholder", { class: isMissing.value ? "missing" : "" }, icon(isMissing.value ? "error" : "data"));
  });
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      request();
    },
    { rootMargin: PRELOAD_MARGIN },
  );
  observer.observe(element);
  onEnd(() => {
    observer.disconnect();
    abort.abort();
  });
  return element;
}
