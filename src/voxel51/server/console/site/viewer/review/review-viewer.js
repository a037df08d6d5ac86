/** The viewer of a review: the video with the labels as edited so far, the list of tracks, and the actions of the reviewer. */

import { h } from "../../core/dom.js";
import { effect, signal } from "../../core/reactive.js";
import { button } from "../../parts/form.js";
import { clockPlayer } from "../player/clock-player.js";
import { videoPlayer } from "../player/video-player.js";
import { viewerActions } from "../stage/actions.js";
import { frameAnnouncer, keepFrameInUrl } from "../stage/announce.js";
import { controls } from "../stage/controls.js";
import { listenToKeys } from "../stage/keyboard.js";
import { screen } from "../stage/screen.js";
import { timeline } from "../timeline/timeline.js";
import { viewState } from "../view-state.js";
import { drawingArea } from "./draw-box.js";
import { reviewActions } from "./review-actions.js";
import { listenToReviewKeys, reviewToolbar } from "./review-keys.js";
import { reviewTracks } from "./review-tracks.js";

/**
 * @param {object} content `session` (of `reviewSession`), `index`, `video` (its address, or null), `dataId`, `filename`, `first` (the frame to start
 *   at), `save` (called to save the edits)
 */
export function reviewViewer({ session, index, video: source, dataId, filename, first, save }) {
  const view = viewState(index, session.labels);
  const current = signal(null);
  const video = source && h("video", { src: source, preload: "auto", playsinline: true, muted: true, tabindex: "-1", "aria-hidden": "true" });
  const shown = screen(view, video);
  const player = video ? videoPlayer(video, index, shown.show) : clockPlayer(index, shown.show);
  const general = viewerActions(view, player, shown, { stage: () => stage, filename });
  const line = timeline(view, player, general, source && dataId);
  if (line) general.zoom = line.zoom;
  const actions = { ...reviewActions(session, current, player, general.go), save };
  shown.onPress = general.toggle;
  followSelection(view, session, current, actions.select);

  const stage = h(
    "div.stage",
    {},
    h("div.picture-frame", { tabindex: "0", role: "group", "aria-label": `Picture of ${filename}` }, shown.node),
    controls(view, player, general, { video, hasSound: () => false }),
    line?.node,
    frameAnnouncer(view, player),
  );
  shown.node.append(drawingArea(shown, actions.drawn, actions.isDrawing));
  player.seek(first);
  keepFrameInUrl(player, first);
  const node = h(
    "section.viewer.review",
    { "aria-label": "Review" },
    stage,
    h(
      "div.side",
      {},
      h("p.review-mode", { role: "status" }, () => modeText(actions, session.tracks.value.get(current.value))),
      reviewToolbar(actions, { canUndo: session.isChanged, canRedo: session.canRedo }),
      reviewTracks(session, current, actions.select),
      h("div.actions", {}, button("Accept all others", actions.acceptOthers)),
    ),
  );
  listenToReviewKeys(actions, node);
  listenToKeys(general, node);
  return node;
}

function modeText({ isDrawing, merging }, track) {
  if (merging.value !== null) return "Choose the track that the selected one belongs to, in the list or in the picture. Escape cancels.";
  if (!isDrawing.value) return "";
  const which = track && !track.isRejected ? "of the selected track in this frame" : "of a new track";
  return `Drag a box ${which} on the picture. Escape cancels.`;
}

/**
 * Keep the number of the selected track, and the selection of the viewer, which names a track by its position, the same.
 * Positions change with each edit, and a rejected track has none.
 */
function followSelection(view, session, current, select) {
  const positionOf = (number) => session.labels.peek().tracks.findIndex(({ index }) => index === number);
  effect(() => {
    const number = current.value;
    session.labels.value;
    const position = number === null ? -1 : positionOf(number);
    if ((view.selected.peek()?.track ?? -1) !== position) view.selected.value = position < 0 ? null : { track: position };
  });
  effect(() => {
    const chosen = view.selected.value?.track;
    const number = chosen === undefined ? null : (session.labels.peek().tracks[chosen]?.index ?? null);
    const isHidden = number === null && current.peek() !== null && positionOf(current.peek()) < 0;
    if (number !== current.peek() && !isHidden) select(number);
  });
}
