/** The dialog that creates a rule: an analytic, its parameters, and which new videos it runs on. */

import { h } from "../../../core/dom.js";
import { call, get } from "../../../core/api.js";
import { dialog } from "../../../parts/dialog.js";
import { field, form, select } from "../../../parts/form.js";
import { loaded } from "../../../parts/load.js";
import { emptyState } from "../../../parts/elements.js";
import { analyticChoice, runnableAnalytics } from "../../analytics/analytic-choice.js";

const MAX_NAME = 255;

/** Ask for a new rule and create it; resolves to whether one was created. `place` is chosen at first, such as `collection ID`. */
export async function newRule(place = "upload") {
  const choices = async (aborted) => {
    const options = { signal: aborted };
    const [analytics, { collections }, { sources }] = await Promise.all([runnableAnalytics(options), get("/collections", {}, options), get("/data/sources", {}, options)]);
    return { analytics, collections: collections.filter(({ role }) => role !== "viewer"), sources };
  };
  return Boolean(await dialog("New rule", (close) => loaded(choices, (found) => (found.analytics.length ? ruleForm(found, place, close) : emptyState("No analytics", "Add an analytic first."))), { isWide: true }));
}

function ruleForm({ analytics, collections, sources }, chosen, close) {
  const choice = analyticChoice(analytics);
  const places = [["upload", "All videos that I add"], ...collections.map(({ id, name }) => [`collection ${id}`, `Videos that I add to the collection “${name}”`]), ...sources.map(({ id, location }) => [`source ${id}`, `New files in ${location}`])];
  const submit = async ({ name, place }) => {
    const [trigger, id] = place.split(" ");
    const isCreated = await choice.send((run) => call("POST", "/rules", { json: { trigger, ...(id && { [trigger]: id }), ...(name.trim() && { name }), runs: [run] } }));
    if (isCreated) close(true);
  };
  return form(
    [
      choice.analytic,
      field("Videos", select(places, { name: "place", value: chosen }), { hint: "The rule runs on videos that are added from now on. Each runs once." }),
      field("Name", h("input", { name: "name", maxlength: MAX_NAME, autocomplete: "off" }), { hint: "Optional. By default the name of the analytic." }),
      choice.parameters,
    ],
    { verb: "Create rule", cancel: () => close(), submit, isValidated: false },
  );
}
