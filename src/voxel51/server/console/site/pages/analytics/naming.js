/** How analytics are called, and what can be said of one in a word. */

import { h } from "../../core/dom.js";

/** The path of the page about a version of an analytic. */
export const pathOf = ({ id }) => `/analytics/${encodeURIComponent(id)}`;

/** Owner and name of `owner/name`. */
export function shortName(fullName) {
  const cut = fullName.indexOf("/");
  return cut < 0 ? ["", fullName] : [fullName.slice(0, cut), fullName.slice(cut + 1)];
}

/** Whether it is of whoever looks: what somebody uploaded themselves nobody else sees. */
export const isOwn = ({ scope }) => scope === "user";

/** Scope, hardware and state of an analytic, in a word each. */
export function badges(analytic) {
  return h(
    "span.badges",
    {},
    h("span.badge", {}, { public: "public", user: "your own", application: "of your application" }[analytic.scope] ?? analytic.scope),
    analytic.supports_cpu && h("span.badge", {}, "CPU"),
    analytic.supports_gpu && h("span.badge", {}, "GPU"),
    analytic.is_image_to_video && h("span.badge", {}, "image to video"),
    analytic.pending && h("span.badge.busy", {}, "pending"),
  );
}

/** A name with underscores, as people read it. */
export function readable(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
