/** Downloads of several files. Browsers drop downloads that start at the same moment, so they start one after the other. */

import { download, pause } from "../core/api.js";

const BETWEEN_DOWNLOADS_MILLISECONDS = 400;

/** @param {Array<{path: string, query: object, name: string}>} files paths of the API, and the names to save them under */
export async function downloadEach(files) {
  for (const [index, { path, query, name }] of files.entries()) {
    if (index) await pause(BETWEEN_DOWNLOADS_MILLISECONDS);
    download(path, query, name);
  }
}
