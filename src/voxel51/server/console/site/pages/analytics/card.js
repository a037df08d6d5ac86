/** The card of an analytic in the catalogue: a picture of a result, description, facts, and buttons that run it. */

import { h } from "../../core/dom.js";
import { hasScope } from "../../core/session.js";
import { computed, untracked } from "../../core/reactive.js";
import { BASE } from "../../site.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { resultFrame } from "../../parts/poster.js";
import { inline } from "../../parts/prose.js";
import { factList } from "./facts.js";
import { brief, cannotRun, pathOf, shortName } from "./naming.js";
import { tryAnalytic } from "./try-out.js";

const INCLUDED = "voxel51";
const PICTURE_WIDTH = 384;

/** Included analytics with a picture (`pictures/`, made by `make catalogue-pictures`), in the order of their usefulness. */
const PICTURED = ["object-tracks", "face-detection", "shot-detection", "best-frames", "text-reading", "motion-tracks", "face-redaction", "audio-activity", "video-quality", "onnx-detector"];

/** Put the included analytics in the order of their usefulness; the others stay behind them in theirs. */
export function ordered(analytics) {
  const rank = ({ name }) => {
    const [owner, short] = shortName(name);
    const place = owner === INCLUDED ? PICTURED.indexOf(short) : -1;
    return place < 0 ? PICTURED.length : place;
  };
  return [...analytics].sort((one, other) => rank(one) - rank(other));
}

/**
 * @param {object} analytic the record
 * @param {{dataIds: Array<string>, matching: ?string, collection: ?string}} videos the chosen ones, or the search that finds them, with the name
 *   of the collection that it stands for
 * @param {() => object|undefined} facts of the analytic, undefined until they are there
 * @param {() => boolean} isAnyMeasured whether the cost of any analytic is known; if not, no card says that it is unknown
 */
export function card(analytic, { dataIds, matching, collection }, facts, isAnyMeasured) {
  const path = pathOf(analytic);
  const query = matching !== null ? `?${new URLSearchParams({ matching, ...(collection && { collection }) })}` : dataIds.length ? `?data=${dataIds.map(encodeURIComponent).join(",")}` : "";
  const [owner, name] = shortName(analytic.name);
  const origin = [owner !== INCLUDED && owner, analytic.version].filter(Boolean).join(" · ");
  return h(
    "article.card.analytic",
    { "data-name": analytic.name },
    h("a.example", { href: path + query, tabindex: "-1", "aria-hidden": "true" }, picture(owner, name, facts)),
    h("header", {}, h("h2", {}, h("a", { href: path + query }, name)), h("span.muted", {}, origin)),
    h("p.description", {}, inline(analytic.description ?? "")),
    () => facts() && factList(facts(), isAnyMeasured()),
    cannotRun(analytic),
    h("footer", {}, brief(analytic), h("div.grow"), !analytic.unavailable_reason && hasScope("run") && buttons(analytic, path + "/run" + query, dataIds, facts)),
  );
}

function buttons(analytic, runPath, dataIds, facts) {
  const [, name] = shortName(analytic.name);
  const tryButton = button("Try on 3 seconds", () => tryAnalytic(analytic, dataIds), { "aria-label": `Try ${name} ${analytic.version} on 3 seconds`, hidden: () => !facts()?.can_try });
  return [tryButton, h("a.button.primary", { href: runPath, "aria-label": `Run ${name} ${analytic.version}` }, icon("play"), "Run")];
}

/** A result of the analytic: shipped with the console for included analytics, else a frame of the user's latest one. */
function picture(owner, name, facts) {
  if (owner === INCLUDED && PICTURED.includes(name)) return h("img", { src: `${BASE}/pictures/${name}.webp`, alt: "", width: 384, height: 216, loading: "lazy", decoding: "async" });
  const latest = computed(() => facts()?.latest_result);
  return () => {
    const result = latest.value;
    return untracked(() => (result ? resultFrame(result.job_id, Math.ceil((result.frame_count ?? 1) / 2), { width: PICTURE_WIDTH }) : h("span.poster.none", {}, icon("analytics"))));
  };
}
