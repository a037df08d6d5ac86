/** The jobs that were found, each with a picture of the first moment and links to all. */

import { h } from "../../core/dom.js";
import { rendition } from "../../core/api.js";
import { count, duration } from "../../core/format.js";
import { onEnd, signal } from "../../core/reactive.js";
import { icon } from "../../parts/icons.js";
import { firstFrame } from "./wanted.js";

const MOST_RANGES = 8;
const NEAR = "200px";

/** @param {Array} matches as `GET labels` tells them */
export function matchList(matches, isTogether) {
  return h("ul.matches", {}, matches.map((match) => h("li.match.card", {}, content(match, isTogether))));
}

function content(match, isTogether) {
  const frame = firstFrame(match, isTogether);
  const labels = Object.entries(match.found);
  return [
    h("a.picture", { href: addressOf(match, frame), "aria-label": `Frame ${frame} of ${match.job_name}` }, framePicture(match.job_id, frame)),
    h(
      "div.said",
      {},
      h("h3", {}, h("a", { href: addressOf(match, frame) }, match.job_name)),
      h("p.soft", {}, [match.filename, match.analytic].filter(Boolean).join(" · ")),
      isTogether && labels.length > 1
        ? ranges(match, "all at once", match.together)
        : labels.map(([label, { ranges: found, seconds, spans }]) => ranges(match, label, found, `${count(spans)} ${spans === 1 ? "time" : "times"}, ${duration(seconds)}`)),
    ),
  ];
}

function ranges(match, title, found, inShort) {
  return h(
    "div.ranges",
    {},
    h("span.label", {}, title),
    inShort && h("span.soft", {}, inShort),
    h(
      "ul",
      { "aria-label": `Where: ${title}` },
      found.slice(0, MOST_RANGES).map(([first, last]) => h("li", {}, h("a", { href: addressOf(match, first) }, first === last ? `frame ${count(first)}` : `frames ${count(first)}–${count(last)}`))),
      found.length > MOST_RANGES && h("li.soft", {}, `and ${count(found.length - MOST_RANGES)} more`),
    ),
  );
}

const addressOf = ({ job_id: id }, frame) => `/jobs/${encodeURIComponent(id)}?frame=${frame}`;

/** A frame with its labels drawn into it, made once somebody is about to see it. */
function framePicture(jobId, frame) {
  const source = signal(null);
  const isMissing = signal(false);
  const asking = new AbortController();
  const path = `/jobs/${encodeURIComponent(jobId)}/renditions/frame`;
  const ask = async () => {
    try {
      source.value = await rendition(path, { number: frame, width: 320 }, { signal: asking.signal });
    } catch {
      isMissing.value = true; // such as where the video is gone; the match is one all the same
    }
  };
  const element = h("span.frame-picture", {}, () => {
    if (source.value) return h("img", { src: source.value, alt: "", onerror: () => (isMissing.value = true) });
    return h("span.placeholder", { class: isMissing.value ? "missing" : "" }, icon(isMissing.value ? "error" : "data"));
  });
  const watch = new IntersectionObserver(
    (seen) => {
      if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
      watch.disconnect();
      ask();
    },
    { rootMargin: NEAR },
  );
  watch.observe(element);
  onEnd(() => {
    watch.disconnect();
    asking.abort();
  });
  return element;
}
