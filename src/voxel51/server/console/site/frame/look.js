/** Light or dark: as the system has it, or as somebody chose in this browser. */

import { effect, signal } from "../core/reactive.js";

export const LOOKS = { auto: "As the system", light: "Light", dark: "Dark" };

const KEY = "look";

/** The name of the look that is in force. */
export const look = signal(LOOKS[localStorage.getItem(KEY)] ? localStorage.getItem(KEY) : "auto");

effect(() => {
  document.documentElement.dataset.look = look.value;
  if (look.value === "auto") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, look.value);
});
