/**
 * What this browser remembers of uploads that are not finished, so that they go on after the page was loaded again.
 *
 * A file is known again by its path, size and date; its bytes are not kept, so somebody has to choose it again.
 */

import { session } from "../core/session.js";

/** What tells `file` from all others. `path` is that within the folder that was chosen, if any. */
export const fingerprint = (file, path) => JSON.stringify([path, file.size, file.lastModified]);

/** `{path, name, size}` of every upload that is not finished, by fingerprint. */
export function remembered() {
  try {
    return JSON.parse(localStorage.getItem(key())) ?? {};
  } catch {
    return {};
  }
}

/** Remember that the file `print` goes on at `entry.path`. */
export function remember(print, entry) {
  write({ ...remembered(), [print]: entry });
}

/** Forget the file `print`. */
export function forgetMemory(print) {
  const { [print]: _, ...others } = remembered();
  write(others);
}

function write(all) {
  try {
    if (Object.keys(all).length) localStorage.setItem(key(), JSON.stringify(all));
    else localStorage.removeItem(key());
  } catch {
    // The browser has no room or keeps nothing: the upload goes on, only not after another load of the page.
  }
}

/** Uploads are one account's alone. */
const key = () => `uploads of ${session.peek()?.account.username}`;
