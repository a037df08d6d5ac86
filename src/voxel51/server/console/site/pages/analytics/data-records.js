/** Records of data (videos and files) for forms and job pages. */

import { call, get } from "../../core/api.js";

const FIELDS = "id,name,size,type,upload_date,expiration_date";

/** Return records of data in the order of `ids`; for deleted data `{id, name, isMissing}`. */
export async function recordsOf(ids) {
  if (ids.length === 0) return [];
  const { responses } = await call("POST", "/data/batch", { json: { action: "details", ids } });
  return ids.map((id) => (responses[id]?.success ? responses[id].response : { id, name: `${id} (deleted)`, isMissing: true }));
}

/** Return the names of data; the ids if they cannot be fetched. */
export async function namesOf(ids) {
  try {
    return (await recordsOf(ids)).map(({ name }) => name);
  } catch {
    return ids;
  }
}

/** Fetch data that matches the query `search`, the newest first. */
export function findData({ search, offset, limit, signal }) {
  return get("/data", { fields: FIELDS, search, offset, limit, sort: "upload_date:desc" }, { signal });
}
