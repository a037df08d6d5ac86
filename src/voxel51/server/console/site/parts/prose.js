/** Descriptions that anybody may have written, as plain text with little form: paragraphs, `code`, and links to web pages. */

import { h } from "../core/dom.js";

const PIECES = /`([^`\n]+)`|(https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]])/g;

/** Paragraphs of `text`. Nothing in it becomes markup; only http and https become links. */
export function prose(text) {
  const paragraphs = String(text ?? "").split(/\n\s*\n/).map((paragraph) => paragraph.trim());
  return paragraphs.filter(Boolean).map((paragraph) => h("p.prose", {}, inline(paragraph)));
}

/** The same for a text that stands in a line. */
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
