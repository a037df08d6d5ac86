import { h } from "../../core/dom.js";
import { call } from "../../core/api.js";
import { go, place } from "../../core/router.js";
import { notify } from "../../parts/notices.js";
import { field, form } from "../../parts/form.js";
import { SHORTEST_PASSWORD, card, newPassword } from "./entering.js";

export function page() {
  const key = new URLSearchParams(place.peek().fragment).get("key") ?? "";
  return card(
    "Choose a new password",
    form(
      [
        field("Key", h("input", { name: "key", required: true, value: key, autocomplete: "off" }), { hint: "The operator of the platform gives it to you; it works once." }),
        field("New password", newPassword(), { hint: `At least ${SHORTEST_PASSWORD} characters; a sentence is good.` }),
      ],
      {
        verb: "Choose it",
        submit: async (values) => {
          await call("POST", "/password-resets", { json: { key: values.key.trim(), new_password: values.password }, signsIn: true });
          notify("The password is changed. Sign in by it.");
          go("/sign-in");
        },
      },
    ),
  );
}
