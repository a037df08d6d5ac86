/** Links to the result for people without an account: made, listed, ended. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { signal } from "../../core/reactive.js";
import { may } from "../../core/session.js";
import { confirmed } from "../../parts/dialog.js";
import { button, checkbox, field, form, select } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { attempt, notify } from "../../parts/notices.js";
import { copyable, when } from "../../parts/show.js";
import { date } from "../../core/format.js";

const DAYS = [
  ["1", "a day"],
  ["7", "a week"],
  ["30", "30 days"],
  ["", "as long as the job is kept"],
];

export function shares(jobId) {
  const path = `/jobs/${encodeURIComponent(jobId)}/shares`;
  const fresh = signal(null);
  return h(
    "div.shares",
    {},
    h("p", {}, "Whoever holds a link can get the output without an account and, where you say so, look at the video with it."),
    loaded(
      (abort) => get(path, {}, { signal: abort }),
      ({ shares: all }, reload) => [
        may("manage") && newLink(path, fresh, reload),
        () => fresh.value && h("p.fresh-link", { role: "status" }, "Copy the link now; it is not told again. ", copyable(fresh.value)),
        all.length > 0 ? h("ul.share-list", {}, all.map((share) => row(path, share, reload))) : h("p.soft", {}, "There is no link yet."),
      ],
    ),
  );
}

function newLink(path, fresh, reload) {
  const fields = [field("Good for", select(DAYS, { name: "days", value: "7" })), checkbox("Show the video with it", { name: "video", checked: true })];
  return form(fields, {
    verb: "Make a link",
    submit: async ({ days, video }) => {
      const { url } = await call("POST", path, { json: { video, ...(days && { days: Number(days) }) } });
      fresh.value = url;
      await reload();
    },
  });
}

function row(path, { id, created_at: made, expires_at: end, video }, reload) {
  const revoke = async () => {
    if (!(await confirmed("End this link?", "Whoever holds it can get the output no more.", "End it"))) return;
    await attempt(async () => {
      await call("DELETE", `${path}/${encodeURIComponent(id)}`);
      notify("The link has ended");
      await reload();
    });
  };
  return h("li", {}, h("span", {}, "Made ", when(made), end ? `, good until ${date(end)}` : ", good as long as the job is kept", video ? ", with the video" : ", for the output alone"), may("manage") && button("End it", revoke, { symbol: "trash", kind: "plain" }));
}
