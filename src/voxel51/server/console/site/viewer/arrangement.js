/** How the parts of a viewer stand together, once everything is there. */

import { h } from "../core/dom.js";
import { signal } from "../core/reactive.js";
import { tabs } from "../parts/tabs.js";
import { countsPlot } from "./below/counts.js";
import { downloads } from "./below/downloads.js";
import { rawLabels } from "./below/raw.js";
import { shares } from "./below/shares.js";
import { frameList, selectedCard } from "./panel/details.js";
import { foundList } from "./panel/found.js";
import { shownPanel } from "./panel/shown.js";
import { clockPlayer } from "./player/clock-player.js";
import { videoPlayer } from "./player/video-player.js";
import { outputPath } from "./reading/sources.js";
import { viewerActions } from "./stage/actions.js";
import { keepPlace, spokenPlace } from "./stage/announce.js";
import { controls } from "./stage/controls.js";
import { keyListener } from "./stage/keys.js";
import { screen } from "./stage/screen.js";
import { timeline } from "./timeline/timeline.js";
import { viewOf } from "./view.js";

/**
 * @param {object} given `index`, `labels` (null: none), `video` (null: none; otherwise its `address`), `dataId`, `filename`,
 *   `jobId`, `first` (the frame to begin at)
 */
export function arrangement({ index, labels, video: source, dataId, filename, jobId, first }) {
  const view = viewOf(index, labels);
  const video = source && h("video", { src: source.address, preload: "auto", playsinline: true, tabindex: "-1", "aria-hidden": "true" });
  const shown = screen(view, video);
  const player = video ? videoPlayer(video, index, shown.show) : clockPlayer(index, shown.show);
  const actions = viewerActions(view, player, shown, { stage: () => stage, filename });
  if (video) actions.mute = () => (video.muted = !video.muted);
  const line = labels && timeline(view, player, actions, dataId);
  if (line) actions.zoom = line.zoom;
  shown.onPress = actions.toggle;

  const stage = h(
    "div.stage",
    {},
    h("div.seen", { tabindex: "0", role: "group", "aria-label": `Picture of ${filename}; press ? for the keys` }, shown.node, video && playingTrouble(video)),
    controls(view, player, actions, { video, hasSound: soundOf(video) }),
    line?.node,
    spokenPlace(view, player),
  );
  begin(video, player, first);
  keepPlace(player);
  return h(
    "section.viewer",
    { "aria-label": "Viewer", onkeydown: keyListener(actions), class: labels ? "" : "bare" },
    stage,
    labels && side(view, player, actions),
    below({ view, player, actions, jobId, dataId }),
  );
}

function side(view, player, actions) {
  const entries = [
    { name: "viewer-show", title: "Show", content: () => shownPanel(view) },
    { name: "viewer-found", title: "Tracks and events", content: () => foundList(view, actions) },
    { name: "viewer-frame", title: "This frame", content: () => h("div.of-frame", {}, frameList(view, player)) },
  ];
  return h("div.side", {}, selectedCard(view, player, actions), tabs(entries, "beside"));
}

function below({ view, player, actions, jobId, dataId }) {
  const files = () => downloads({ jobId, dataId, labelled: Boolean(view.labels), range: () => player.range.value });
  if (!view.labels) return h("div.below", {}, files());
  const entries = [
    { name: "viewer-counts", title: "Counts", content: () => countsPlot(view, player, actions) },
    { name: "viewer-downloads", title: "Downloads", content: files },
    { name: "viewer-raw", title: "Raw labels", content: () => rawLabels(view, player, outputPath(jobId)) },
    { name: "viewer-share", title: "Share", content: () => shares(jobId) },
  ];
  return h("div.below", {}, tabs(entries, "below"));
}

function begin(video, player, first) {
  if (!video) player.seek(first);
  else video.addEventListener("loadedmetadata", () => player.seek(first), { once: true });
}

/** Whether the video has sound, as far as the browser tells. */
function soundOf(video) {
  const isHeard = signal(false);
  const ask = () => {
    if (video.mozHasAudio || video.webkitAudioDecodedByteCount || video.audioTracks?.length) isHeard.value = true;
  };
  for (const name of video ? ["loadeddata", "canplaythrough", "timeupdate"] : []) video.addEventListener(name, ask);
  return () => isHeard.value;
}

function playingTrouble(video) {
  const trouble = signal("");
  video.addEventListener("error", () => {
    if (video.error && video.getAttribute("src")) trouble.value = "This browser cannot play the video (H.264 in MP4). Another browser may; the files below can be had all the same.";
  });
  return () => trouble.value && h("p.warning", { role: "alert" }, trouble.value);
}
