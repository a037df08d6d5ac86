/** Try an analytic on a few seconds of a video: submit the job and open the page that shows its result. */

import { get } from "../../core/api.js";
import { navigate } from "../../core/router.js";
import { chooseData } from "./data-chooser.js";
import { recordsOf } from "./data-records.js";
import { jobName } from "./naming.js";
import { submitJob } from "./submit-job.js";

export const TRY_SECONDS = 3;

/** Parameters that select a part of a video by time or by number. */
const BY_TIME = ["start_seconds", "end_seconds"];
const RANGE = [...BY_TIME, "first_frame", "last_frame"];

/** Return `parameters` without those that select a part of the video. */
export const ofWholeVideo = (parameters) => Object.fromEntries(Object.entries(parameters).filter(([name]) => !RANGE.includes(name)));

/** Return whether the parameters of a job select a part of the video. */
export const selectsPart = (parameters) => RANGE.some((name) => parameters[name] !== undefined);

/** Return whether jobs of an analytic can be limited to a part of the video. */
export const canSelectPart = ({ parameters }) => BY_TIME.every((name) => parameters.some((parameter) => parameter.name === name));

/** Try an analytic that needs nothing but a video: the first of `dataIds`, or one that the user chooses. */
export async function tryAnalytic(analytic, dataIds) {
  const [video] = dataIds.length ? await recordsOf(dataIds.slice(0, 1)) : ((await chooseData([], { noun: "a video", isMany: false })) ?? []);
  if (!video) return;
  const { inputs } = await get(`/analytics/${encodeURIComponent(analytic.id)}/doc`);
  const input = inputs.find(({ required }) => required);
  await tryRequest({ analytic: analytic.name, version: analytic.version, inputs: { [input.name]: { "data-id": video.id } }, parameters: {} }, video);
}

/** Run an analytic on a whole video with its defaults, and open the job's page. */
export async function runOn({ id, name, version }, video) {
  const { inputs } = await get(`/analytics/${encodeURIComponent(id)}/doc`);
  const input = inputs.find(({ required }) => required) ?? inputs[0];
  const request = { analytic: name, version, inputs: input ? { [input.name]: { "data-id": video.id } } : {}, parameters: {} };
  await submit(request, jobName(name, video.name));
}

/** Submit `request` for `TRY_SECONDS` of its video, from the start of its range if it has one, and open the job's page. */
export async function tryRequest(request, video) {
  const begin = request.parameters.start_seconds ?? 0;
  const parameters = { ...ofWholeVideo(request.parameters), start_seconds: begin, end_seconds: begin + TRY_SECONDS };
  const name = jobName(request.analytic, `${video.name}, ${TRY_SECONDS} s`);
  await submit({ ...request, parameters }, name);
}

async function submit(request, name) {
  const { id } = await submitJob(request, name, { isStarted: true });
  navigate(`/jobs/${encodeURIComponent(id)}`);
}
