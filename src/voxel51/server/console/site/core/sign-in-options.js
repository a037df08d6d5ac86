/** Sign-in options: what the platform says about signing in and up (`GET /sign-in`). */

import { get } from "./api.js";

let kept = null;

/** Fetch the options at the start of the console; keep them for the sign-in page if there is no session. */
export async function fetchOptionsAtStart() {
  const options = await get("/sign-in");
  if (!options.signed_in) kept = options;
  return options;
}

/** Return the options: those of the start once, so that the sign-in page need not ask a second time, then new ones. */
export async function signInOptions() {
  const options = kept ?? (await get("/sign-in"));
  kept = null;
  return options;
}
