/** Links by which somebody without an account looks at the result of a job. */

import { each, h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { signal } from "../../core/reactive.js";
import { date } from "../../core/format.js";
import { dialog } from "../../parts/dialog.js";
import { button, field, form, select } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { attempt } from "../../parts/notices.js";
import { copyable } from "../../parts/show.js";

const DAYS = [["1", "one day"], ["7", "a week"], ["30", "a month"], ["", "as long as the job is kept"]];

export function share({ id, name }) {
  const path = `/jobs/${encodeURIComponent(id)}/shares`;
  return dialog(`Share ${name}`, () => {
    const [made, links] = [signal(""), signal([])];
    const reload = async () => (links.value = (await get(path)).shares);
    const submit = async ({ days }) => {
      made.value = (await call("POST", path, { json: { days: days ? Number(days) : null } })).url;
      await reload();
    };
    return h(
      "div",
      {},
      h("p", {}, "Whoever has the link sees the result of this job, without an account, and nothing else."),
      form([field("The link works for", select(DAYS, { name: "days", value: "7" }))], { verb: "Make a link", submit }),
      () => made.value && h("div.card", {}, h("p", {}, "Copy it now; it is not shown again."), copyable(made.value)),
      loaded(reload, () => given(links, path, reload)),
    );
  });
}

function given(links, path, reload) {
  const entry = (link, id) => {
    const { created_at: since, expires_at: end } = link.peek();
    const revoke = () => attempt(async () => (await call("DELETE", `${path}/${encodeURIComponent(id)}`), await reload()));
    return h("li", {}, h("span", {}, `Made ${date(since)}, ${end ? `until ${date(end)}` : "without an end"}`), button("Revoke", revoke, { kind: "link", "aria-label": `Revoke the link made ${date(since)}` }));
  };
  return h("section", { hidden: () => links.value.length === 0 }, h("h3", {}, "Links there are"), h("ul.shares", {}, each(() => links.value, ({ id }) => id, entry)));
}
