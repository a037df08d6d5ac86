/** Ways to begin an upload: a button, a folder, a drop, a URL. */

import { h } from "../core/dom.js";
import { button } from "../parts/form.js";
import { icon } from "../parts/icons.js";
import { menu } from "../parts/menu.js";
import { attempt, notify } from "../parts/notices.js";
import { choose, droppedFiles } from "./files.js";
import { addFromUrl } from "./from-url.js";
import { expiry, keepingChoice } from "./keeping.js";
import { upload } from "./queue.js";

/** Begin to upload `files`, and say where nothing came of it. */
export function take(files) {
  const { known } = upload(files, expiry());
  if (known) notify(known === 1 ? "This file is being uploaded already" : `${known} of these files are being uploaded already`);
}

export const chooseFiles = async () => take(await choose());
export const chooseFolder = async () => take(await choose({ isFolder: true }));

/** The button with which uploads begin, and the other ways beside it. */
export function uploadButton() {
  return h(
    "span.split",
    {},
    h("button.primary", { type: "button", onclick: chooseFiles }, icon("upload"), "Upload"),
    menu(
      icon("chevron"),
      "Other ways to upload",
      () => [
        { title: "Choose a folder…", run: chooseFolder, symbol: icon("archive") },
        { title: "From a URL…", run: addFromUrl, symbol: icon("link") },
      ],
      { kind: "primary" },
    ),
  );
}

/** A large place to drop files, or to press. */
export function dropZone(title = "Drop videos here") {
  return h(
    "div.drop-zone",
    {},
    h("span.drop-mark", { "aria-hidden": "true" }, icon("upload")),
    h("p.drop-title", {}, title),
    h("p.soft", {}, "Files or whole folders, of any size. An upload that is cut goes on where it was."),
    h(
      "div.actions",
      {},
      button("Choose files", chooseFiles, { kind: "primary", symbol: "upload" }),
      button("Choose a folder", chooseFolder, { symbol: "archive" }),
      button("From a URL", addFromUrl, { symbol: "link" }),
    ),
    keepingChoice(),
  );
}

/** Take what is dropped anywhere on the page, while `isWanted()`. What a page takes itself is left to it. */
export function dropCover(isWanted) {
  const cover = h("div.drop-cover", { hidden: true, "aria-hidden": "true" }, h("p", {}, icon("upload"), "Drop to upload"));
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const isOpen = () => isWanted() && !document.querySelector("dialog[open]");
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event) && !event.defaultPrevented && isOpen()) cover.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) cover.hidden = true;
  });
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event) || event.defaultPrevented) return;
    event.preventDefault(); // or the browser would leave the page to show the file
    event.dataTransfer.dropEffect = isOpen() ? "copy" : "none";
  });
  document.addEventListener("drop", (event) => {
    cover.hidden = true;
    if (!hasFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    if (!isOpen()) return;
    const files = droppedFiles(event.dataTransfer);
    attempt(async () => take(await files));
  });
  return cover;
}
