/**
 * Unfinished uploads, remembered in this browser so that they can be resumed after a reload of the page.
 *
 * A file is recognised by its path, size and modification date. Its bytes are not kept and a page cannot open a file by
 * itself, so the user has to choose the file again.
 */

import { session } from "../core/session.js";

/** Return a text that identifies `file`. `path` is the path within the folder that was chosen, or the file's name. */
export const fingerprintOf = (file, path) => JSON.stringify([path, file.size, file.lastModified]);

/** Return `{path, name, size}` of all unfinished uploads, by fingerprint. */
export function unfinishedUploads() {
  try {
    return JSON.parse(localStorage.getItem(key())) ?? {};
  } catch {
    return {};
  }
}

/** Remember that the file with `fingerprint` is uploaded to `entry.path`. */
export function saveUnfinished(fingerprint, entry) {
  write({ ...unfinishedUploads(), [fingerprint]: entry });
}

/** Forget the upload of the file with `fingerprint`. */
export function removeUnfinished(fingerprint) {
  const { [fingerprint]: _, ...others } = unfinishedUploads();
  write(others);
}

function write(all) {
  try {
    if (Object.keys(all).length) localStorage.setItem(key(), JSON.stringify(all));
    else localStorage.removeItem(key());
  } catch {
    // The storage is full or disabled: the upload continues, but cannot be resumed after a reload.
  }
}

/** Each account has its own list, so that other users of the browser do not see it. */
const key = () => `uploads of ${session.peek()?.account.username}`;
