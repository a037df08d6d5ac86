/** Names and badges of analytics. */

import { h } from "../../core/dom.js";
import { icon } from "../../parts/icons.js";

const SCOPES = { public: "public", user: "your own", application: "of your application" };

/** Return the path of the page of an analytic's version. */
export const pathOf = ({ id }) => `/analytics/${encodeURIComponent(id)}`;

/** Split `owner/name` into owner and name. */
export function shortName(fullName) {
  const cut = fullName.indexOf("/");
  return cut < 0 ? ["", fullName] : [fullName.slice(0, cut), fullName.slice(cut + 1)];
}

/** Return the name that a job gets unless the user chooses one: `object-tracks · bikes.mp4`. */
export const jobName = (analytic, subject) => [shortName(analytic)[1], subject].filter(Boolean).join(" · ");

/** Return whether the user uploaded the analytic; those of other users are never listed. */
export const isOwn = ({ scope }) => scope === "user";

/** Badges for the scope, hardware and state of an analytic. */
export function badges(analytic) {
  return h(
    "span.badges",
    {},
    h("span.badge", {}, SCOPES[analytic.scope] ?? analytic.scope),
    analytic.supports_cpu && h("span.badge", {}, "CPU"),
    analytic.supports_gpu && h("span.badge", {}, "GPU"),
    analytic.is_image_to_video && h("span.badge", {}, "image to video"),
    analytic.pending && h("span.badge.busy", {}, "pending"),
  );
}

/** Badges that set an analytic apart from most others, for cards. */
export function brief(analytic) {
  return h(
    "span.badges",
    {},
    analytic.scope !== "public" && h("span.badge", {}, SCOPES[analytic.scope] ?? analytic.scope),
    analytic.supports_gpu && h("span.badge", {}, "GPU"),
    analytic.is_image_to_video && h("span.badge", {}, "image to video"),
    analytic.pending && h("span.badge.busy", {}, "pending"),
  );
}

/** Why no job can run the analytic; nothing if jobs can. */
export function cannotRun({ unavailable_reason: reason }) {
  return reason && h("p.banner", {}, icon("error"), h("span", {}, `This version cannot run: ${reason}.`));
}

/** Return the name of a parameter or input as a title: `first_frame` becomes "First frame". */
export function readable(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
