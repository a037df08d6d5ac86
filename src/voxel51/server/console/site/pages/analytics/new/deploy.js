/** Deployment of a bundle: send the source of an analytic, and tell the place of an error in it. */

import { ApiError, upload } from "../../../core/api.js";

/** Place at the beginning of a message: `red_cars.py:12: …`. */
const PLACE = /^([^\s:]+\.(?:py|toml|txt|json))(?::(\d+))?: /;

/**
 * Send a bundle (a `.py` file, or an archive of a project folder); the platform then builds it.
 *
 * @returns {Promise<{analytic}|{problem: {message, file, line}}>} the record, or what is wrong with the source
 */
export async function deploy(bundle, { onProgress = () => null, signal } = {}) {
  const form = new FormData();
  form.append("bundle", bundle);
  try {
    return { analytic: (await upload("/analytics/bundles", { form, onProgress, signal })).analytic };
  } catch (error) {
    if (!(error instanceof ApiError) || ![400, 403, 409, 413].includes(error.status)) throw error;
    return { problem: problemIn(error.message) };
  }
}

/** Split a message into the place in the source that it names, and the rest. */
export function problemIn(message) {
  const place = PLACE.exec(message);
  if (!place) return { message, file: null, line: null };
  return { message: message.slice(place[0].length), file: place[1], line: place[2] ? Number(place[2]) : null };
}
