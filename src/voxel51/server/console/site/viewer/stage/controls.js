/** The controls below the picture: frame slider, playback buttons, frame number, speed, sound, tools. */

import { h } from "../../core/dom.js";
import { clock, count } from "../../core/format.js";
import { button, select } from "../../parts/form.js";
import { icon } from "../../parts/icons.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2, 4];

/**
 * @param view of `viewState`
 * @param player of `videoPlayer` or `clockPlayer`
 * @param actions of `viewerActions`
 * @param {{hasSound: () => boolean, video: HTMLVideoElement|null}} sound
 */
export function controls(view, player, actions, sound) {
  const { index } = view;
  return h(
    "div.controls",
    {},
    frameSlider(index, player),
    h(
      "div.buttons",
      { role: "toolbar", "aria-label": "Playback" },
      iconButton("toStart", "Go to start", () => actions.go(1)),
      iconButton("secondBack", "Back 1 second", () => actions.jump(-1)),
      iconButton("frameBack", "Previous frame", () => actions.step(-1)),
      h(
        "button.primary.play",
        { type: "button", onclick: actions.toggle, "aria-label": () => (player.isPlaying.value ? "Pause" : "Play"), title: "Play or pause (space)" },
        () => icon(player.isPlaying.value ? "pause" : "play"),
      ),
      iconButton("frameOn", "Next frame", () => actions.step(1)),
      iconButton("secondOn", "Forward 1 second", () => actions.jump(1)),
      iconButton("toEnd", "Go to end", () => actions.go(index.count)),
    ),
    frameField(index, player, actions),
    h("span.time", {}, () => `${preciseClock(index.timeOf(player.shown.value || 1))} / ${clock(index.duration)}`),
    h("div.grow"),
    speed(player),
    h(
      "div.buttons",
      { role: "toolbar", "aria-label": "Tools" },
      () => sound.hasSound() && volume(sound.video),
      !view.labels && rangeButtons(player, actions),
      iconButton("link", "Copy link to this frame", actions.copyLink),
      iconButton("camera", "Save frame as image", actions.saveFrame),
      iconButton("help", "Keyboard shortcuts", actions.help),
      iconButton("fullScreen", "Full screen", actions.fullScreen),
    ),
  );
}

/** Format seconds with milliseconds: `1:02.480`. */
export function preciseClock(seconds) {
  const whole = Math.floor(seconds + 0.0005);
  return `${clock(whole)}.${String(Math.round((seconds - whole) * 1000)).padStart(3, "0")}`;
}

const iconButton = (symbol, title, work) => button(title, work, { symbol, kind: "plain", isIconOnly: true });

function frameSlider(index, player) {
  return h("input.frame-slider", {
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
    "aria-label": "Frame number",
    style: { width: `${String(index.count).length + 5}ch` },
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

/** Buttons that set and clear the loop. */
export function rangeButtons(player, actions) {
  return [
    iconButton("rangeStart", "Start loop here", () => actions.startLoop()),
    iconButton("rangeEnd", "End loop here", () => actions.endLoop()),
    () => {
      if (!player.range.value) return null;
      const [first, last] = player.range.value;
      return button(`${count(first)}–${count(last)}`, actions.clearRange, { symbol: "close", kind: "chip", title: "Clear the loop" });
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
  return h("span.volume", {}, iconButton("volume", "Mute or unmute", () => ((video.muted = !video.muted), (level.value = video.muted ? 0 : video.volume))), level);
}
