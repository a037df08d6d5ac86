/** The session: the signed-in account and its scopes. */

import { signal } from "./reactive.js";

/** `{account, scopes}`; null while signed out, undefined until it has been fetched. */
export const session = signal(undefined);

let askForPassword = null;
let pendingSignIn = null;

/** Set what is called when the session expires during work; it resolves to whether the user has signed in again. */
export function onSessionExpired(ask) {
  askForPassword = ask;
}

/** Ask the user to sign in again, once for all requests that wait for it. Resolves to false if there was no session. */
export function reauthenticate() {
  if (!session.peek() || !askForPassword) return Promise.resolve(false);
  pendingSignIn ??= askForPassword(session.peek().account.username).finally(() => {
    pendingSignIn = null;
  });
  return pendingSignIn;
}

/** Return whether the session has `scope`: read, upload, run, manage, monitor or administer. */
export function hasScope(scope) {
  return session.value?.scopes.includes(scope) ?? false;
}

/** Return whether a token or a session was revoked or has expired. */
export function isRevokedOrExpired({ revoked_at: revoked, expires_at: expires }) {
  return Boolean(revoked) || (expires !== null && new Date(expires) <= new Date());
}
