/** Filters of the list of files by what was found in them, which analytics ran, and what they are: a popover with fields. */

import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { allOf, term } from "../../core/query.js";
import { computed, effect, signal } from "../../core/reactive.js";
import { route, setQuery } from "../../core/router.js";
import { button, field, select } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { popover } from "../../parts/popover.js";

const TYPING_MILLISECONDS = 300;
const HEIGHTS = [["", "any"], ["720", "720 lines or more"], ["1080", "1080 lines or more"], ["2160", "2160 lines or more"]];
const SOUND = [["", "any"], ["true", "with sound"], ["false", "without sound"]];
const NAMES = ["found", "ran", "not_run", "longer", "shorter", "lines", "rate", "codec", "sound"];

/** @returns {{terms: () => string, node: Node}} `terms` is read as an effect */
export function factFilters() {
  const query = route.peek().query;
  const values = Object.fromEntries(NAMES.map((name) => [name, signal(query.get(name) ?? "")]));
  const known = signal({ labels: [], analytics: [] });
  let isAsked = false;
  const ask = async () => {
    if (isAsked) return;
    isAsked = true;
    const [{ labels }, { analytics }] = await Promise.all([get("/labels/names"), get("/analytics", { fields: "name" })]);
    known.value = { labels: [...new Set(labels.map(({ label }) => label))], analytics: [...new Set(analytics.map(({ name }) => name))].sort() };
  };
  const set = (name, value) => {
    values[name].value = value;
    setQuery({ [name]: value });
  };
  const active = computed(() => NAMES.filter((name) => values[name].value !== "").length);
  const content = h(
    "div.fact-filters",
    { onfocusin: () => ask().catch(() => {}) }, // without the names the fields can be typed in
    h("h2", {}, "Filters"),
    labelField(values.found, known, set),
    field("With a result of", analyticSelect("ran", values, known, set)),
    field("Not yet run", analyticSelect("not_run", values, known, set)),
    number("Longer than (seconds)", "longer", values, set),
    number("Shorter than (seconds)", "shorter", values, set),
    field("Resolution", choice("lines", HEIGHTS, values, set)),
    number("Frames per second, at least", "rate", values, set),
    text("Codec", "codec", "such as h264", values, set),
    field("Sound", choice("sound", SOUND, values, set)),
    button("Clear filters", () => NAMES.forEach((name) => set(name, "")), { disabled: () => active.value === 0 }),
  );
  const face = [icon("filter"), () => (active.value ? `Filters (${active.value})` : "Filters")];
  const node = popover(face, "Filters", content, { isNamed: true });
  node.querySelector("button").addEventListener("click", () => ask().catch(() => {}));
  return { terms: () => termsOf(Object.fromEntries(NAMES.map((name) => [name, values[name].value]))), node };
}

/** Return the search terms of the filters. */
export function termsOf({ found, ran, not_run: notRun, longer, shorter, lines, rate, codec, sound }) {
  return allOf(
    found && term("label", found),
    ran && term("analytic", ran),
    notRun && term("not_run", notRun),
    Number(longer) > 0 && `duration_seconds:>${Number(longer)}`,
    Number(shorter) > 0 && `duration_seconds:<${Number(shorter)}`,
    Number(lines) > 0 && `height:>=${Number(lines)}`,
    Number(rate) > 0 && `frame_rate:>=${Number(rate)}`,
    codec && term("video_codec", codec),
    sound && term("has_audio", sound),
  );
}

function labelField(found, known, set) {
  const list = h("datalist", { id: "known-labels" }, () => known.value.labels.map((label) => h("option", { value: label })));
  const input = h("input", { type: "text", list: "known-labels", placeholder: "such as person", autocomplete: "off", value: () => found.value, onchange: ({ target }) => set("found", target.value.trim()) });
  return [field("Found", input), list];
}

function analyticSelect(name, values, known, set) {
  const present = values[name];
  const options = () => [["", "any"], ...[...new Set([...(present.peek() ? [present.peek()] : []), ...known.value.analytics])].map((each) => [each, each])];
  return select([], { onchange: ({ target }) => set(name, target.value), ref: (control) => follow(control, options, present) });
}

const choice = (name, options, values, set) => select([], { onchange: ({ target }) => set(name, target.value), ref: (control) => follow(control, () => options, values[name]) });

/** Keep the options and the value of a select up to date. */
function follow(control, options, present) {
  effect(() => {
    control.replaceChildren(...options().map(([value, title]) => h("option", { value }, title)));
    control.value = present.value;
  });
}

const text = (title, name, placeholder, values, set) =>
  field(title, h("input", { type: "text", placeholder, autocomplete: "off", spellcheck: false, value: () => values[name].value, onchange: ({ target }) => set(name, target.value.trim()) }));

function number(title, name, values, set) {
  let timer;
  const input = h("input", {
    type: "number", min: 0, step: "any", inputmode: "decimal", placeholder: "any", value: () => values[name].value,
    oninput: ({ target }) => {
      clearTimeout(timer);
      timer = setTimeout(() => target.reportValidity() && set(name, target.value), TYPING_MILLISECONDS);
    },
  });
  return field(title, input);
}
