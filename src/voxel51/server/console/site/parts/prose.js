/** Text from untrusted authors, such as descriptions in manifests: paragraphs, `code` and http(s) links, nothing else. */

import { h } from "../core/dom.js";

const PIECES = /`([^`\n]+)`|(https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]])/g;

/** Return paragraphs of `text`. Nothing in it becomes markup, and only http and https URLs become links. */
export function prose(text) {
  const paragraphs = String(text ?? "").split(/\n\s*\n/).map((paragraph) => paragraph.trim());
  return paragraphs.filter(Boolean).map((paragraph) => h("p.prose", {}, inline(paragraph)));
}

/** Return the nodes of one line of text. */
export function inline(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(PIECES)) {
    nodes.push(text.slice(end, found.index), found[1] ? h("code", {}, found[1]) : link(found[2]));
    end = found.index + found[0].length;
  }
  return [...nodes, text.slice(end)];
}

function link(address) {
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address);
}
