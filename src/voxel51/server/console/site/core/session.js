/** Who is signed in here, and what they may do. */

import { signal } from "./reactive.js";

/** The account and its scopes; null while nobody is signed in, undefined until that is known. */
export const session = signal(undefined);

let asking = null;
let askToSignIn = null;

/** What is called when a session is over in the middle of work; resolves to whether somebody signed in. */
export function onSessionOver(ask) {
  askToSignIn = ask;
}

/** Have somebody sign in again, once for all requests that wait for it. False where nobody was signed in before. */
export function signInAgain() {
  if (!session.peek() || !askToSignIn) return Promise.resolve(false);
  asking ??= askToSignIn(session.peek().account.username).finally(() => {
    asking = null;
  });
  return asking;
}

/** Whether what is signed in is good for `scope`: read, upload, run, manage or administer. */
export function may(scope) {
  return session.value?.scopes.includes(scope) ?? false;
}
