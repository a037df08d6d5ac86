/** Facts of the content of a video or an audio file, as the platform has read them. */

import { clock, count } from "../../core/format.js";

/** Fields of a record that `contentFacts` shows. */
export const FACT_FIELDS = "duration_seconds,width,height,frame_rate,frame_count,video_codec,audio_codec,tags,metadata";

/** Return the facts of a record as titles and values; those that are not known have none. */
export function contentFacts(record) {
  const { duration_seconds: duration, width, height, frame_rate: rate, frame_count: frames, video_codec: video, audio_codec: audio } = record;
  return [
    ["Duration", duration && clock(duration)],
    ["Resolution", width && `${width} × ${height}`],
    ["Frames", frames && `${count(frames)}${rate ? `, ${Math.round(rate * 100) / 100} per second` : ""}`],
    ["Codec", [video, audio].filter(Boolean).join(", ")],
    ["Tags", record.tags?.join(", ")],
    ["Collections", record.collections?.join(", ")],
    ...Object.entries(record.metadata ?? {}),
  ];
}
