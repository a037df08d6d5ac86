/** Health checks of the platform: what failed, and what to do. */

import { each, h } from "../../core/dom.js";

const ORDER = ["failure", "warning", "ok"];
const KINDS = { failure: "bad", warning: "busy", ok: "good" };
const LABELS = { failure: "failed", warning: "warning", ok: "ok" };

/** @param {{value: Array}} results a signal of checks (`voxel51.wire.overview.HealthCheck`) */
export function checks(results) {
  const isPassed = ({ verdict }) => verdict === "ok";
  const problems = () => results.value.filter((check) => !isPassed(check)).sort((one, other) => ORDER.indexOf(one.verdict) - ORDER.indexOf(other.verdict));
  const passed = () => results.value.filter(isPassed);
  return h(
    "section.card.health",
    { "aria-label": "Health" },
    h("h2", {}, () => summary(results.value)),
    h("ul.checks", { hidden: () => problems().length === 0 }, rows(problems)),
    h(
      "details",
      {},
      h("summary", {}, () => counted(passed().length, "check passed", "checks passed")),
      h("ul.checks", {}, rows(passed)),
    ),
  );
}

function summary(results) {
  const number = (verdict) => results.filter((check) => check.verdict === verdict).length;
  if (number("failure")) return `Health: ${counted(number("failure"), "check failed", "checks failed")}`;
  if (number("warning")) return `Health: ${counted(number("warning"), "warning", "warnings")}`;
  return "Health: all checks passed";
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
        h("span.state", { class: () => KINDS[check.value.verdict] }, () => LABELS[check.value.verdict]),
        h("div", {}, h("strong", {}, () => check.value.name), " ", () => check.value.text, () => check.value.advice && h("p.advice", {}, `What to do: ${check.value.advice}`)),
      ),
  );
}
