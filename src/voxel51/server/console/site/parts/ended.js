/** Whether a token or a session is over: revoked, or its time is past. */
export function hasEnded({ revoked_at: revoked, expires_at: expires }) {
  return Boolean(revoked) || (expires !== null && new Date(expires) <= new Date());
}
