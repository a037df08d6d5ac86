import { h } from "../../core/dom.js";
import { call, get } from "../../core/api.js";
import { go } from "../../core/router.js";
import { field, form } from "../../parts/form.js";
import { loaded } from "../../parts/load.js";
import { byProvider, card, enter } from "./entering.js";
import { refusal } from "./refusal.js";

export function page() {
  const whyRefused = refusal();
  return loaded(
    () => get("/sign-in"),
    (ways) => {
      if (ways.needs_operator) {
        queueMicrotask(() => go("/sign-up", { replace: true }));
        return null;
      }
      return card("Sign in", whyRefused, byPassword(), ways.provider && byProvider(ways.provider, "Sign in"), ways.sign_up === "open" && newcomers());
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

function newcomers() {
  return h("p", {}, "New here? ", h("a", { href: "/sign-up" }, "Make an account"), ".");
}
