/** The page that adds an analytic: written in the browser, uploaded as a file or folder, or as a container image. */

import { h } from "../../../core/dom.js";
import { get } from "../../../core/api.js";
import { untracked } from "../../../core/reactive.js";
import { hasScope } from "../../../core/session.js";
import { emptyState, heading } from "../../../parts/elements.js";
import { loaded } from "../../../parts/load.js";
import { tabs } from "../../../parts/tabs.js";
import { containerImage } from "./container-image.js";
import { projectUpload } from "./project-upload.js";
import { writeAnalytic } from "./write.js";

export function page() {
  if (!hasScope("upload")) return [heading("New analytic"), emptyState("You cannot add analytics", "Your role is viewer. Ask the operator of the platform to change it.")];
  return [
    heading("New analytic"),
    h("p", {}, "An analytic is a Python function that reads a video and returns labels. The platform derives the form that runs it from its signature. ", h("a", { href: "/docs/tutorial/02-first-analytic.html", target: "_blank", rel: "noopener" }, "Tutorial")),
    tabs(
      [
        { name: "write", title: "Write", content: () => ifPermitted(writeAnalytic) },
        { name: "upload", title: "Upload files", content: () => ifPermitted(projectUpload) },
        { name: "image", title: "Container image", content: containerImage },
      ],
      "way",
    ),
  ];
}

/** Show `content` to users who may deploy code: it runs on the machines of the platform. */
function ifPermitted(content) {
  return loaded(
    (signal) => get("/platform", {}, { signal }),
    ({ bundle_deployers: deployers }) => untracked(() => (isAmong(deployers) ? content() : notPermitted(deployers))),
  );
}

const isAmong = (deployers) => deployers === "members" || (deployers === "operators" && hasScope("administer"));

function notPermitted(deployers) {
  const reason = deployers === "operators" ? "Only operators may deploy code on this platform. Ask one of them to deploy yours." : "The settings of this platform do not allow the deployment of code.";
  return emptyState("You cannot deploy code here", reason);
}
