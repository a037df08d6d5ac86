/** The page of one version of an analytic: description, inputs, parameters, outputs, code examples. */

import { each, h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { signal } from "../../core/reactive.js";
import { navigate } from "../../core/router.js";
import { dateTime } from "../../core/format.js";
import { escapeQuery } from "../../core/query.js";
import { hasScope } from "../../core/session.js";
import { confirmAction } from "../../parts/dialog.js";
import { button } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";
import { loadedRecord } from "../../parts/load.js";
import { attempt, notify } from "../../parts/notices.js";
import { prose } from "../../parts/prose.js";
import { copyable, facts as details, heading } from "../../parts/elements.js";
import { documentation } from "./documentation.js";
import { factList, factsOfOne } from "./facts.js";
import { usageExamples } from "./code-examples.js";
import { images } from "./images.js";
import { networkSection } from "./network.js";
import { buildPanel } from "./new/build.js";
import { badges, cannotRun, isOwn, pathOf } from "./naming.js";

export function page({ id, query }) {
  const path = `/analytics/${encodeURIComponent(id)}`;
  return loadedRecord(() => get(path), { noun: "analytic", list: "/analytics" }, ({ analytic, ...document }) => {
    const record = signal(analytic);
    const reload = async () => (record.value = (await get(path)).analytic);
    return [
      heading(analytic.name, () => actions(record.value, query.get("data"))),
      h("div.subheading", {}, h("span.muted", {}, `Version ${analytic.version}`), () => badges(record.value)),
      () => cannotRun(record.value),
      prose(analytic.description),
      isOwn(analytic) && hasScope("upload") && (analytic.build ? buildPanel(analytic, reload) : images(record, reload)),
      h("div.columns", {}, documentation(document), h("aside", {}, aside(analytic, document))),
    ];
  });
}

function actions(analytic, dataIds) {
  const query = dataIds ? `?data=${dataIds.split(",").map(encodeURIComponent).join(",")}` : "";
  return [
    isOwn(analytic) && hasScope("upload") && button("Delete", () => remove(analytic), { symbol: "trash" }),
    !analytic.unavailable_reason && hasScope("run") && h("a.button.primary", { href: `${pathOf(analytic)}/run${query}` }, icon("play"), "Run"),
  ];
}

async function remove({ id, name, version }) {
  const title = `Delete ${name} ${version}?`;
  if (!(await confirmAction(title, "This version is removed from the catalogue, and its images are deleted. Jobs and results are kept. This cannot be undone.", "Delete"))) return;
  await attempt(async () => {
    await call("DELETE", `/analytics/${encodeURIComponent(id)}`);
    notify(`${name} ${version} deleted`);
    navigate("/analytics");
  });
}

function aside(analytic, document) {
  const facts = factsOfOne(analytic.id);
  const { limitations = [], source, licence } = document.extensions ?? {};
  return [
    usageExamples(analytic.name, document),
    () => facts.value && h("section", { "aria-label": "Facts" }, h("h2", {}, "Facts"), factList(facts.value, true)),
    h("section", {}, h("h2", {}, "Details"), details([["ID", copyable(analytic.id)], ["Uploaded", dateTime(analytic.upload_date)], ["Licence", licence && prose(licence)], ["Source", source && prose(source)]])),
    limitations.length > 0 && h("section", {}, h("h2", {}, "Limitations"), h("ul.plain-list", {}, limitations.map((text) => h("li", {}, prose(text))))),
    networkSection(analytic.network),
    versions(analytic),
  ];
}

function versions({ id, name }) {
  const others = signal([]);
  get("/analytics", { search: `name:${escapeQuery(name)}`, all_versions: true, sort: "upload_date:desc", fields: "id,name,version,pending,upload_date" })
    .then(({ analytics }) => (others.value = analytics.filter((other) => other.name === name)))
    .catch(() => null); // this version is usable without the list of the others
  const entry = (version) => {
    const { id: own, version: text, pending } = version.peek();
    return h("li", {}, own === id ? h("strong", {}, `${text} (shown here)`) : h("a", { href: `/analytics/${encodeURIComponent(own)}` }, text), pending && " (pending)");
  };
  return h("section", { hidden: () => others.value.length < 2 }, h("h2", {}, "Versions"), h("ul.plain-list", {}, each(() => others.value, (other) => other.id, entry)));
}
