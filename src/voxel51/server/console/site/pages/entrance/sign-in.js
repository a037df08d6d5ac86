import { h } from "../../core/dom.js";
import { address, call, get } from "../../core/api.js";
import { go, place } from "../../core/router.js";
import { field, form } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { card, enter } from "./entering.js";

export function page() {
  return loaded(
    () => get("/sign-in"),
    (ways) => {
      if (ways.first) {
        queueMicrotask(() => go("/sign-up", { replace: true }));
        return null;
      }
      return card("Sign in", byPassword(), ways.provider && byProvider(ways.provider), ways.sign_up === "open" && newcomers());
    },
  );
}

function byPassword() {
  return form(
    [
      field("User name", h("input", { name: "username", required: true, autocomplete: "username", autofocus: true, autocapitalize: "none", spellcheck: "false" })),
      field("Password", h("input", { type: "password", name: "password", required: true, autocomplete: "current-password" })),
    ],
    {
      verb: "Sign in",
      submit: async ({ username, password }) => {
        await call("POST", "/sign-in", { json: { username, password }, signsIn: true });
        await enter();
      },
    },
  );
}

function byProvider({ name, path }) {
  const next = place.peek().query.get("next") ?? "/";
  return h("p.or", {}, h("a.button", { href: address(path.replace(/^\/v1/, ""), { next }) }, `Sign in by ${name}`));
}

function newcomers() {
  return h("p", {}, "New here? ", h("a", { href: "/sign-up" }, "Make an account"), ".");
}
