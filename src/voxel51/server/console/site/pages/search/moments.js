/** Moments: the parts of videos in which labels are seen, as a grid of crops that play when they are pointed at or focused. */

import { get, renditionResponse } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { count, duration } from "../../core/format.js";
import { effect, signal, untracked } from "../../core/reactive.js";
import { setQuery } from "../../core/router.js";
import { emptyState, heading, loading } from "../../parts/elements.js";
import { button, checkbox, field, select } from "../../parts/form.js";
import { loadError, loaded, resource } from "../../parts/load.js";
import { shapeControl } from "../jobs/charts/shapes.js";
import { analyticSelect, conditionInput } from "./conditions.js";
import { labelChoice } from "./label-choice.js";
import { chartsPage } from "./charts.js";
import { momentPictures } from "./moment-pictures.js";
import { EACH, SORTS, momentCriteria, momentQuery, momentsPage } from "./moment-query.js";
import { setName } from "./set-name.js";

const PATH = "/labels/moments";
const LIMIT = 600;
const TILES = 60;

/** Parameters that hide no moments. */
const UNCONDITIONAL = new Set(["labels", "each", "sort", "collection", "batch", "parameter_set", "search"]);

export function page({ query }) {
  const criteria = signal(momentCriteria(query));
  const change = (changes) => criteria.update((present) => ({ ...present, ...changes }));
  return [
    heading("Moments", h("a.button", { href: chartsPage(criteria.peek().set) }, "Charts"), h("a.button", { href: "/search" }, "Search")),
    loaded(
      async (aborted) => (await get("/labels/names", {}, { signal: aborted })).labels,
      (known) => {
        if (known.length === 0) return noLabels();
        if (!query.get("labels")) change({ labels: [known[0].label] }); // the most frequent one: there is something to see at once
        const zoneVideo = signal(null);
        return [setName(criteria.peek().set, momentsPage()), labelChoice(known, criteria, change), conditions(criteria, change, zoneVideo), results(criteria, zoneVideo)];
      },
    ),
  ];
}

function noLabels() {
  return emptyState("No moments yet", "When a job has found something in your videos, the moments in which it is seen appear here, as pictures that play.", h("a.button.primary", { href: "/analytics" }, "Run an analytic"));
}

function conditions(criteria, change, zoneVideo) {
  const number = (title, name, most) => field(title, conditionInput(name, criteria, change, { type: "number", min: 0, ...(most && { max: most }), step: "any", inputmode: "decimal", placeholder: "any" }));
  const zone = signal(criteria.peek().zone);
  effect(() => {
    if (zone.value !== criteria.peek().zone) change({ zone: zone.value });
  });
  const isSet = () => Object.entries(momentQuery(criteria.peek())).some(([name, value]) => value !== null && !UNCONDITIONAL.has(name));
  return h(
    "details.card",
    { open: isSet() },
    h("summary", {}, h("h2", {}, "Conditions")),
    h(
      "div.conditions",
      {},
      number("Min. confidence (0–1)", "confidence", 1),
      number("Min. box size (% of frame)", "largerThan", 100),
      number("Max. box size (% of frame)", "smallerThan", 100),
      number("Longer than (seconds)", "longerThan"),
      number("Shorter than (seconds)", "shorterThan"),
      field("Analytic", analyticSelect(criteria, change)),
      field("Show", select(EACH, { value: criteria.peek().each, onchange: ({ target }) => change({ each: target.value }) })),
      field("Order", select(SORTS, { value: criteria.peek().sort, onchange: ({ target }) => change({ sort: target.value }) })),
      checkbox("All in the same frames", {
        checked: () => criteria.value.together,
        disabled: () => criteria.value.labels.length < 2,
        onchange: (event) => change({ together: event.target.checked }),
      }),
    ),
    h("details.zone", { open: zone.peek().length > 0 }, h("summary", {}, "In a zone"), () => {
      const dataId = zoneVideo.value;
      const hint = "Click the corners on the picture. The lower side of a box must be in the zone.";
      return untracked(() => shapeControl(zone, { dataId, name: "Zone", least: 3, most: 50, hint }));
    }),
  );
}

function results(criteria, zoneVideo) {
  const isSearching = signal(false);
  const pending = signal(null);
  const { state, reload } = resource(async (aborted) => {
    const wanted = criteria.peek();
    if (wanted.labels.length === 0) return null;
    isSearching.value = true;
    pending.value = null;
    try {
      const onProgress = (reported) => (pending.value = reported);
      const response = await renditionResponse(PATH, { ...momentQuery(wanted), limit: LIMIT }, { signal: aborted, onProgress });
      return await response.json();
    } finally {
      if (!aborted.aborted) isSearching.value = false;
    }
  });
  let last = criteria.peek();
  effect(() => {
    if (criteria.value === last) return;
    last = criteria.value;
    setQuery(momentQuery(last));
    reload();
  });
  return h("section.results", { "aria-label": "Results", "aria-busy": () => String(isSearching.value) }, () => {
    const { value, error, isThere } = state.value;
    if (error) return loadError(error, reload);
    if (!isThere) return isSearching.value ? () => queryProgress(pending.value, "Searching") : loading();
    return untracked(() => {
      if (value === null) return h("p.nothing", {}, "Choose one or more labels to see their moments.");
      zoneVideo.value ??= value.moments.find((each) => each.video_id)?.video_id ?? null;
      return value.count === 0 ? h("p.nothing", { role: "status" }, "No results. Use fewer conditions, or a smaller confidence or size.") : found(value);
    });
  });
}

function found({ moments, count: all, videos, seconds, labels, results_left_out: leftOut }) {
  const shown = signal(TILES);
  const picture = momentPictures();
  const list = h("ul.moments", { "aria-label": "Moments", onkeydown: moveFocus });
  effect(() => {
    const tiles = moments.slice(list.children.length, shown.value);
    list.append(...untracked(() => tiles.map((moment) => h("li", {}, tile(moment, picture)))));
  });
  return [
    h("p.found", { role: "status" }, `${plural(all, "moment")} in ${plural(videos, "video")}, ${duration(seconds)} of video`),
    labels.length > 1 && h("p.muted", {}, labels.map((each) => `${each.label}: ${duration(each.seconds)} in ${plural(each.videos, "video")}`).join(" · ")),
    leftOut > 0 && h("p.muted", {}, `${plural(leftOut, "older result")} were not read: there are more than one search reads. Choose a collection or a search of videos.`),
    list,
    () => shown.value < moments.length && button(`Show ${count(Math.min(TILES, moments.length - shown.value))} more`, () => (shown.value += TILES)),
    () => shown.value >= moments.length && all > moments.length && h("p.muted", {}, `The first ${count(moments.length)} of ${count(all)} moments are shown. Add conditions to see others.`),
  ];
}

function tile(moment, picture) {
  const { job_id: job, label, video, first_frame: first, last_frame: last, best_frame: best, seconds, confidence } = moment;
  const frames = first === last ? `frame ${count(first)}` : `frames ${count(first)}–${count(last)}`;
  const sure = confidence === null ? "" : ` · ${confidence.toFixed(2)}`;
  const link = h("a.moment", { href: `/jobs/${encodeURIComponent(job)}?frame=${best}` });
  link.append(
    picture(moment, link),
    h("span.moment-text", {}, h("span.row-title", {}, h("bdi", {}, label)), h("span.muted", {}, `${duration(seconds)}${sure}`), h("span.muted", {}, h("bdi", {}, video)), h("span.visually-hidden", {}, `, ${frames}`)),
  );
  return link;
}

/** Move the focus among the tiles with the arrow keys. */
function moveFocus(event) {
  const tiles = [...event.currentTarget.querySelectorAll("a.moment")];
  const at = tiles.indexOf(document.activeElement);
  const columns = Math.max(1, tiles.findIndex((each) => each.offsetTop !== tiles[0].offsetTop));
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  const next = at >= 0 && step ? tiles[at + step] : null;
  if (!next) return;
  event.preventDefault();
  next.focus();
}

const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
