import { get } from "../../core/api.js";
import { loaded } from "../../parts/load.js";
import { heading } from "../../parts/show.js";
import { viewer } from "../../viewer/viewer.js";

export function page({ id }) {
  return loaded(
    (signal) => get(`/data/${encodeURIComponent(id)}`, {}, { signal }),
    ({ data }) => [heading(data.name), viewer({ dataId: id, filename: data.name })],
  );
}
