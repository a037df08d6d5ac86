import { h } from "../../core/dom.js";
import { session } from "../../core/session.js";
import { heading } from "../../parts/show.js";

export function page() {
  return [heading(`Hello, ${session.peek().account.username}`), h("p", {}, h("a", { href: "/data" }, "Upload a video"))];
}
