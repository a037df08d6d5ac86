/** What is below the picture: the way through the frames, and buttons for all that keys do. */

import { h } from "../../core/dom.js";
import { clock, count } from "../../core/format.js";
import { button, select } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2, 4];

/**
 * @param view of `viewOf`
 * @param player of `videoPlayer` or `clockPlayer`
 * @param actions of `viewerActions`
 * @param {{hasSound: () => boolean, video: HTMLVideoElement|null}} sound
 */
export function controls(view, player, actions, sound) {
  const { index } = view;
  return h(
    "div.controls",
    {},
    wayThrough(index, player),
    h(
      "div.buttons",
      { role: "toolbar", "aria-label": "Playing" },
      iconButton("toStart", "To the first frame", () => actions.go(1)),
      iconButton("secondBack", "A second back", () => actions.jump(-1)),
      iconButton("frameBack", "A frame back", () => actions.step(-1)),
      h(
        "button.primary.play",
        { type: "button", onclick: actions.toggle, "aria-label": () => (player.isPlaying.value ? "Pause" : "Play"), title: "Play or pause (space)" },
        () => icon(player.isPlaying.value ? "pause" : "play"),
      ),
      iconButton("frameOn", "A frame on", () => actions.step(1)),
      iconButton("secondOn", "A second on", () => actions.jump(1)),
      iconButton("toEnd", "To the last frame", () => actions.go(index.count)),
    ),
    frameField(index, player, actions),
    h("span.time", {}, () => `${preciseClock(index.timeOf(player.shown.value || 1))} / ${clock(index.duration)}`),
    h("div.grow"),
    speed(player),
    h(
      "div.buttons",
      { role: "toolbar", "aria-label": "More" },
      () => sound.hasSound() && volume(sound.video),
      !view.labels && rangeButtons(player, actions),
      iconButton("link", "Copy a link to this frame", actions.copyLink),
      iconButton("camera", "Save this frame as a picture", actions.saveFrame),
      iconButton("help", "Keys", actions.help),
      iconButton("fullScreen", "Full screen", actions.fullScreen),
    ),
  );
}

/** `1:02.480`. */
export function preciseClock(seconds) {
  const whole = Math.floor(seconds + 0.0005);
  return `${clock(whole)}.${String(Math.round((seconds - whole) * 1000)).padStart(3, "0")}`;
}

const iconButton = (symbol, title, work) => button(title, work, { symbol, kind: "plain", isIconOnly: true });

function wayThrough(index, player) {
  return h("input.way", {
    type: "range",
    min: 1,
    max: index.count,
    step: 1,
    "aria-label": "Frame",
    "aria-valuetext": () => `frame ${player.aim.value} of ${index.count}`,
    value: () => player.aim.value,
    style: () => ({ "--done": `${index.count > 1 ? (100 * (player.aim.value - 1)) / (index.count - 1) : 100}%` }),
    oninput: (event) => player.seek(Number(event.target.value)),
  });
}

function frameField(index, player, actions) {
  const field = h("input", {
    type: "number",
    min: 1,
    max: index.count,
    "aria-label": "Number of the frame",
    value: () => player.aim.value,
    onchange: () => {
      if (field.value !== "" && Number.isFinite(field.valueAsNumber)) actions.go(field.valueAsNumber);
      field.value = player.aim.peek();
    },
    onkeydown: (event) => event.key === "Enter" && field.dispatchEvent(new Event("change")),
  });
  return h("label.frame-field", {}, h("span", {}, "Frame"), field, h("span", {}, `of ${count(index.count)}`));
}

function speed(player) {
  return select(
    SPEEDS.map((rate) => [String(rate), `${rate}×`]),
    { "aria-label": "Speed", class: "speed", value: "1", onchange: (event) => player.setRate(Number(event.target.value)) },
  );
}

/** Choosing the part that is played over and over. */
export function rangeButtons(player, actions) {
  return [
    iconButton("rangeStart", "Play from here on, over and over", () => actions.beginRange()),
    iconButton("rangeEnd", "Play up to here, over and over", () => actions.endRange()),
    () => {
      if (!player.range.value) return null;
      const [first, last] = player.range.value;
      return button(`${count(first)}–${count(last)}`, actions.clearRange, { symbol: "close", kind: "chip", title: "Play everything again" });
    },
  ];
}

function volume(video) {
  const level = h("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.05,
    value: video.muted ? 0 : video.volume,
    "aria-label": "Volume",
    oninput: () => Object.assign(video, { volume: level.valueAsNumber, muted: level.valueAsNumber === 0 }),
  });
  return h("span.volume", {}, iconButton("volume", "Sound on or off", () => ((video.muted = !video.muted), (level.value = video.muted ? 0 : video.volume))), level);
}
