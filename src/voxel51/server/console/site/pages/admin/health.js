/** What was looked at, what is wrong with it, and what to do. */

import { each, h } from "../../core/dom.js";

const ORDER = ["failure", "warning", "ok"];
const KINDS = { failure: "bad", warning: "busy", ok: "good" };
const WORDS = { failure: "failing", warning: "warning", ok: "fine" };

/** @param {{value: Array}} looked a signal of checks (`voxel51.wire.overview.HealthCheck`) */
export function checks(looked) {
  const isWrong = ({ verdict }) => verdict !== "ok";
  const wrong = () => looked.value.filter(isWrong).sort((one, other) => ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict));
  const fine = () => looked.value.filter((check) => !isWrong(check));
  return h(
    "section.card.health",
    { "aria-label": "Health" },
    h("h2", {}, () => summary(looked.value)),
    h("ul.checks", { hidden: () => wrong().length === 0 }, rows(wrong)),
    h(
      "details",
      {},
      h("summary", {}, () => `${fine().length} checks are fine`),
      h("ul.checks", {}, rows(fine)),
    ),
  );
}

function summary(looked) {
  const number = (verdict) => looked.filter((check) => check.verdict === verdict).length;
  if (number("failure")) return `Something is wrong: ${counted(number("failure"), "check fails", "checks fail")}`;
  if (number("warning")) return `The platform works, with ${counted(number("warning"), "warning", "warnings")}`;
  return "The platform is well";
}

const counted = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function rows(listed) {
  return each(
    listed,
    ({ name }) => name,
    (check) =>
      h(
        "li",
        {},
        h("span.state", { class: () => KINDS[check.value.verdict] }, () => WORDS[check.value.verdict]),
        h("div", {}, h("strong", {}, () => check.value.name), " ", () => check.value.text, () => check.value.advice && h("p.advice", {}, `What to do: ${check.value.advice}`)),
      ),
  );
}
