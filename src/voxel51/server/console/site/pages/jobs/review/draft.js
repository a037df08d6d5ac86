/** Drafts of reviews: unsaved edits, kept in this browser tab so that leaving the page or a crash does not lose them. */

const keyOf = (jobId) => `review of ${jobId}`;

/** Keep the edits of a job on a version; without edits, forget the draft. */
export function keepDraft(jobId, base, edits) {
  try {
    if (edits.length) sessionStorage.setItem(keyOf(jobId), JSON.stringify({ base, edits }));
    else sessionStorage.removeItem(keyOf(jobId));
  } catch {
    // the storage is full or forbidden: the guard against leaving the page remains
  }
}

/** Return the edits that were not saved on this version, or an empty list. */
export function draftOf(jobId, base) {
  try {
    const draft = JSON.parse(sessionStorage.getItem(keyOf(jobId)));
    return draft?.base === base && Array.isArray(draft.edits) ? draft.edits : [];
  } catch {
    return [];
  }
}
