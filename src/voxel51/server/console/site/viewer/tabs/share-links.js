/** Share links: create, list and revoke links to a result for people without an account. */

import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { signal } from "../../core/reactive.js";
import { hasScope } from "../../core/session.js";
import { confirmAction } from "../../parts/dialog.js";
import { button, checkbox, field, form, select } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { attempt, notify } from "../../parts/notices.js";
import { codeBlock, copyable, timeAgo } from "../../parts/elements.js";
import { date } from "../../core/format.js";

const DAYS = [
  ["1", "1 day"],
  ["7", "1 week"],
  ["30", "30 days"],
  ["", "until the job expires"],
];

export function shareLinks(jobId) {
  const path = `/jobs/${encodeURIComponent(jobId)}/shares`;
  const fresh = signal(null);
  return h(
    "div.shares",
    {},
    h("p", {}, "Anyone who has a share link can download the output without an account, and watch the annotated video if you allow it."),
    loaded(
      (abort) => get(path, {}, { signal: abort }),
      ({ shares: all }, reload) => [
        hasScope("manage") && newLink(path, fresh, reload),
        () => fresh.value && [
          h("p.fresh-link", { role: "status" }, "Copy the link now; it is not shown again. ", copyable(fresh.value.url)),
          fresh.value.embed_url && embedCode(fresh.value.embed_url),
        ],
        all.length > 0 ? h("ul.share-list", {}, all.map((share) => row(path, share, reload))) : h("p.muted", {}, "No share links yet. Links that you create appear here."),
      ],
    ),
  );
}

function newLink(path, fresh, reload) {
  const fields = [field("Valid for", select(DAYS, { name: "days", value: "7" })), checkbox("Include the annotated video", { name: "video", checked: true })];
  return form(fields, {
    verb: "Create link",
    submit: async ({ days, video }) => {
      fresh.value = await call("POST", path, { json: { video, ...(days && { days: Number(days) }) } });
      await reload();
    },
  });
}

/** The code that shows the result in a page of an allowed site, with the chosen controls. */
function embedCode(url) {
  const [isTitled, isControlled, isPlaying] = [signal(true), signal(true), signal(false)];
  const flag = (title, state) => checkbox(title, { checked: state.peek(), onchange: ({ target }) => (state.value = target.checked) });
  const code = () => {
    const given = { ...(!isTitled.value && { title: 0, link: 0 }), ...(!isControlled.value && { controls: 0 }), ...(isPlaying.value && { autoplay: 1, loop: 1 }) };
    const [page, key] = url.split("#");
    const query = new URLSearchParams(given);
    return `<iframe src="${page}${query.size ? `?${query.toString().replaceAll("&", "&amp;")}` : ""}#${key}" width="640" height="400" style="border:0" loading="lazy" allow="fullscreen" title="Shared result"></iframe>`;
  };
  return h("details", {}, h("summary", {}, "Embed in a page"), flag("Title and link", isTitled), flag("Controls", isControlled), flag("Play in a loop, muted", isPlaying), codeBlock("HTML", code));
}

function row(path, { id, created_at: created, expires_at: expires, video }, reload) {
  const revoke = async () => {
    if (!(await confirmAction("Revoke this link?", "The link stops working. This cannot be undone.", "Revoke link"))) return;
    await attempt(async () => {
      await call("DELETE", `${path}/${encodeURIComponent(id)}`);
      notify("Link revoked");
      await reload();
    });
  };
  const validity = expires ? `valid until ${date(expires)}` : "valid until the job expires";
  return h("li", {}, h("span", {}, "Created ", timeAgo(created), `, ${validity}, ${video ? "output and video" : "output only"}`), hasScope("manage") && button("Revoke", revoke, { symbol: "trash", kind: "plain" }));
}
