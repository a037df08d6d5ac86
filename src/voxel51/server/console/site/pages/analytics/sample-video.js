/** The sample video, which the console has for users without a video: uploaded once, then found by its name. */

import { call, get } from "../../core/api.js";
import { term } from "../../core/query.js";
import { BASE } from "../../site.js";

const NAME = "sample-street.mp4";

/** Return the record of the user's copy of the sample video; upload it first if necessary. */
export async function sampleVideo() {
  const { data } = await get("/data", { search: term("name", NAME), sort: "upload_date:desc", limit: 10 });
  return data.find(({ name }) => name === NAME) ?? upload();
}

async function upload() {
  const content = await (await fetch(`${BASE}/pictures/sample.mp4`)).blob();
  const form = new FormData();
  form.append("file", new File([content], NAME, { type: "video/mp4" }));
  return (await call("POST", "/data", { form })).data;
}
