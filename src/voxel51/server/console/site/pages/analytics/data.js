/** The data of whoever is signed in, as far as jobs need it. */

import { call, get } from "../../core/api.js";

const FIELDS = "id,name,size,type,upload_date,expiration_date";

/** Records of data by id, in that order; of what is gone, what is left of it: `{id, name, isMissing}`. */
export async function recordsOf(ids) {
  if (ids.length === 0) return [];
  const { responses } = await call("POST", "/data/batch", { json: { action: "details", ids } });
  return ids.map((id) => (responses[id]?.success ? responses[id].response : { id, name: `${id} (gone)`, isMissing: true }));
}

/** Names of data by id; where they cannot be had, the ids. */
export async function namesOf(ids) {
  try {
    return (await recordsOf(ids)).map(({ name }) => name);
  } catch {
    return ids;
  }
}

/** Data whose name holds the words of `search`, the newest first. */
export function findData({ search, offset, limit, signal }) {
  return get("/data", { fields: FIELDS, search, offset, limit, sort: "upload_date:desc" }, { signal });
}
