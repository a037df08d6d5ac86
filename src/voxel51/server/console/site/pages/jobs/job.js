import { get } from "../../core/api.js";
import { loaded } from "../../parts/load.js";
import { heading } from "../../parts/show.js";
import { viewer } from "../../viewer/viewer.js";

export function page({ id }) {
  return loaded(
    (signal) => fetchJob(id, signal),
    ({ job, data }) => [heading(job.name), viewer({ dataId: data?.id ?? null, filename: data?.name ?? job.name, jobId: id, outputName: job.output_filename })],
  );
}

async function fetchJob(id, signal) {
  const path = `/jobs/${encodeURIComponent(id)}`;
  const [{ job }, request] = await Promise.all([get(path, {}, { signal }), get(`${path}/request`, {}, { signal })]);
  const dataId = Object.values(request.inputs ?? {})[0]?.["data-id"];
  try {
    return { job, data: dataId ? (await get(`/data/${encodeURIComponent(dataId)}`, {}, { signal })).data : null };
  } catch {
    return { job, data: null };
  }
}
