/** The layout of a viewer: stage, side panel and tabs, once the video and the labels are loaded. */

import { h } from "../core/dom.js";
import { signal } from "../core/reactive.js";
import { tabs } from "../parts/tabs.js";
import { answer } from "./answer/answer.js";
import { countsPlot } from "./tabs/counts-plot.js";
import { downloads } from "./tabs/downloads.js";
import { rawLabels } from "./tabs/raw-labels.js";
import { shareLinks } from "./tabs/share-links.js";
import { frameList, selectedCard } from "./panel/selection.js";
import { trackList } from "./panel/track-list.js";
import { displayOptions } from "./panel/display-options.js";
import { clockPlayer } from "./player/clock-player.js";
import { videoPlayer } from "./player/video-player.js";
import { outputPath } from "./loading/sources.js";
import { viewerActions } from "./stage/actions.js";
import { keepFrameInUrl, frameAnnouncer } from "./stage/announce.js";
import { controls } from "./stage/controls.js";
import { listenToKeys } from "./stage/keyboard.js";
import { screen } from "./stage/screen.js";
import { timeline } from "./timeline/timeline.js";
import { viewState } from "./view-state.js";

/**
 * @param {object} content `index`, `labels` (a signal of labels, or of null), `isPartial` (whether the job is not complete), `video` (null, or its `address`, or the `image` of an image file),
 *   `dataId`, `filename`, `jobId`, `first` (the frame to start at)
 */
export function viewerLayout({ index, labels, isPartial, video: source, dataId, filename, jobId, first }) {
  const view = viewState(index, labels);
  const hasLabels = Boolean(labels.peek());
  const video = source?.address && h("video", { src: source.address, preload: "auto", playsinline: true, tabindex: "-1", "aria-hidden": "true" });
  const shown = screen(view, video);
  const player = video ? videoPlayer(video, index, shown.show) : clockPlayer(index, (number) => shown.show(number, source?.image ?? null));
  const actions = viewerActions(view, player, shown, { stage: () => stage, filename });
  if (video) actions.mute = () => (video.muted = !video.muted);
  const line = hasLabels && timeline(view, player, actions, video && dataId);
  if (line) actions.zoom = line.zoom;
  shown.onPress = actions.toggle;

  const stage = h(
    "div.stage",
    {},
    h("div.picture-frame", { tabindex: "0", role: "group", "aria-label": `Picture of ${filename}; press ? for keyboard shortcuts` }, shown.node, video && playbackError(video)),
    controls(view, player, actions, { video, hasSound: detectSound(video) }),
    line?.node,
    frameAnnouncer(view, player),
  );
  player.seek(first);
  keepFrameInUrl(player, first);
  const node = h(
    "section.viewer",
    { "aria-label": "Viewer", class: hasLabels ? "" : "bare" },
    hasLabels && answer(view, actions, { source, player, isPartial }),
    stage,
    hasLabels && sidePanel(view, player, actions),
    tabsBelow({ view, player, actions, jobId, dataId, isPartial, isVideo: Boolean(video) }),
  );
  listenToKeys(actions, node);
  return node;
}

function sidePanel(view, player, actions) {
  const entries = [
    { name: "viewer-show", title: "Display", content: () => displayOptions(view) },
    { name: "viewer-found", title: "Tracks and events", content: () => trackList(view, actions) },
    { name: "viewer-frame", title: "This frame", content: () => h("div.of-frame", {}, frameList(view, player)) },
  ];
  const nothing = () => view.labels.isEmpty && h("p.muted", { role: "status" }, "The job found nothing in this video. The labels file is empty.");
  return h("div.side", {}, nothing, selectedCard(view, player, actions), tabs(entries, "beside"));
}

function tabsBelow({ view, player, actions, jobId, dataId, isPartial, isVideo }) {
  const counts = { name: "viewer-counts", title: "Counts", content: () => countsPlot(view, player, actions) };
  if (isPartial) return h("div.below", {}, tabs([counts], "below")); // the other tabs need the output
  const files = () => downloads({ jobId, dataId, isVideo, labelled: Boolean(view.labels), range: () => player.range.value });
  if (!view.labels) return h("div.below", {}, files());
  const entries = [
    counts,
    { name: "viewer-downloads", title: "Downloads", content: files },
    { name: "viewer-raw", title: "Raw labels", content: () => rawLabels(view, player, outputPath(jobId)) },
    { name: "viewer-share", title: "Share", content: () => shareLinks(jobId) },
  ];
  return h("div.below", {}, tabs(entries, "below"));
}

/** Return a function: whether the video has sound. Browsers have no common property for it, and some know only after decoding. */
function detectSound(video) {
  const hasSound = signal(false);
  const detect = () => {
    if (video.mozHasAudio || video.webkitAudioDecodedByteCount || video.audioTracks?.length) hasSound.value = true;
  };
  for (const name of video ? ["loadeddata", "canplaythrough", "timeupdate"] : []) video.addEventListener(name, detect);
  return () => hasSound.value;
}

function playbackError(video) {
  const error = signal("");
  video.addEventListener("error", () => {
    if (video.error && video.getAttribute("src")) error.value = "This browser cannot play the video (H.264 in MP4). Use another browser, or download the files below.";
  });
  return () => error.value && h("p.warning", { role: "alert" }, error.value);
}
