/** The settings page: the settings in effect, their defaults, and the variables that change them. */

import { each, h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { computed, signal } from "../../core/reactive.js";
import { checkbox } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { loaded } from "../../parts/load.js";
import { copyButton } from "../../parts/elements.js";
import { adminPage } from "./admin-page.js";

const variableOf = (name) => `VOXEL51_SERVER_${name.toUpperCase()}`;

export function page() {
  return adminPage("Settings", () => [
    h(
      "p.muted",
      {},
      "To change a setting, set its environment variable or the option of ",
      h("code", {}, "voxel51 server start"),
      ", and restart the platform. Settings cannot be changed here, and secrets are not shown.",
    ),
    loaded(
      (aborted) => get("/admin/settings", {}, { signal: aborted }),
      ({ settings }) => table(settings),
    ),
  ]);
}

function table(settings) {
  const wanted = signal("");
  const onlyChanged = signal(false);
  const found = computed(() => settings.filter((setting) => matches(setting, wanted.value) && (!onlyChanged.value || isChanged(setting))));
  return h(
    "section.listing.in-force",
    { "aria-label": "Settings" },
    h(
      "div.tools",
      {},
      h("div.search", {}, icon("search"), h("input", { type: "search", placeholder: "Search by name or description", "aria-label": "Search settings", oninput: (event) => (wanted.value = event.target.value) })),
      checkbox(`Changed settings only (${settings.filter(isChanged).length})`, { onchange: (event) => (onlyChanged.value = event.target.checked) }),
    ),
    h(
      "table",
      { "aria-label": "Settings", hidden: () => found.value.length === 0 },
      h("thead", {}, h("tr", {}, ["Setting", "Value", "Default"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, each(() => found.value, ({ name }) => name, (setting) => row(setting.value))),
    ),
    h("p.nothing", { hidden: () => found.value.length > 0 }, "No results. Change the search."),
  );
}

function matches({ name, description }, wanted) {
  return `${name} ${variableOf(name)} ${description}`.toLowerCase().includes(wanted.trim().toLowerCase());
}

const isChanged = ({ value, default: preset }) => value !== preset;

function row(setting) {
  const { name, value, default: preset, description } = setting;
  const variable = variableOf(name);
  return h(
    "tr",
    { "data-id": name },
    h("td.wide", { "data-title": "Setting" }, h("strong", {}, name), h("p.muted", {}, description), h("span.copyable", {}, h("code", {}, variable), copyButton(variable, `Copy ${variable}`))),
    h("td", { "data-title": "Value" }, valueText(value), isChanged(setting) && h("span.state.busy", {}, "changed")),
    h("td", { "data-title": "Default" }, valueText(preset)),
  );
}

const valueText = (value) => (value === "" ? h("span.muted", {}, "empty") : h("code", {}, value));
