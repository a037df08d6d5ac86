/** Controls that start uploads: a button with a menu, a drop zone, and drops anywhere on the page. */

import { h } from "../core/dom.js";
import { button } from "../parts/form.js";
import { icon } from "../parts/icons.js";
import { menu } from "../parts/menu.js";
import { attempt, notify } from "../parts/notices.js";
import { choose, droppedFiles } from "./files.js";
import { addFromUrl } from "./from-url.js";
import { expiryDate, retentionSelect } from "./retention.js";
import { upload } from "./queue.js";

/** Upload `files`, and say which of them are being uploaded already. */
function startUploads(files) {
  const { known } = upload(files, expiryDate());
  if (known) notify(known === 1 ? "This file is already being uploaded" : `${known} of these files are already being uploaded`);
}

export const chooseFiles = async () => startUploads(await choose());
const chooseFolder = async () => startUploads(await choose({ isFolder: true }));

/** The upload button, with a menu for folders and URLs. */
export function uploadButton() {
  return h(
    "span.split",
    {},
    h("button.primary", { type: "button", onclick: chooseFiles }, icon("upload"), "Upload"),
    menu(
      icon("chevron"),
      "More upload options",
      () => [
        { title: "Upload folder…", run: chooseFolder, symbol: icon("archive") },
        { title: "Add from URL…", run: addFromUrl, symbol: icon("link") },
      ],
      { kind: "primary" },
    ),
  );
}

/** A zone to drop files, with buttons for the other ways. */
export function dropZone(title = "Drop videos here") {
  return h(
    "div.drop-zone",
    {},
    h("span.drop-mark", { "aria-hidden": "true" }, icon("upload")),
    h("p.drop-title", {}, title),
    h("p.muted", {}, "Files or folders of any size. Interrupted uploads resume where they stopped."),
    h(
      "div.actions",
      {},
      button("Upload files", chooseFiles, { kind: "primary", symbol: "upload" }),
      button("Upload folder", chooseFolder, { symbol: "archive" }),
      button("Add from URL", addFromUrl, { symbol: "link" }),
    ),
    retentionSelect(),
  );
}

/** Upload what is dropped anywhere on the page, if `isAllowed()`; drops that a page has handled itself are ignored. */
export function dropCover(isAllowed) {
  const cover = h("div.drop-cover", { hidden: true, "aria-hidden": "true" }, h("p", {}, icon("upload"), "Drop to upload"));
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const isOpen = () => isAllowed() && !document.querySelector("dialog[open]");
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event) && !event.defaultPrevented && isOpen()) cover.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) cover.hidden = true;
  });
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event) || event.defaultPrevented) return;
    event.preventDefault(); // otherwise the browser would leave the page and show the file
    event.dataTransfer.dropEffect = isOpen() ? "copy" : "none";
  });
  document.addEventListener("drop", (event) => {
    cover.hidden = true;
    if (!hasFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    if (!isOpen()) return;
    const files = droppedFiles(event.dataTransfer);
    attempt(async () => startUploads(await files));
  });
  return cover;
}
