/** Pictograms, drawn with strokes in a field of 24 by 24; they are for the eye alone and say nothing to screen readers. */

import { h } from "../core/dom.js";

const PATHS = {
  add: "M12 5v14M5 12h14",
  analytics: "M4 19V5M4 19h16M8 15l4-5 3 3 5-7",
  archive: "M3 5h18v4H3zM5 9v10h14V9M10 13h4",
  back: "M15 5l-7 7 7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  chevron: "M6 9l6 6 6-6",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  data: "M4 5h16v14H4zM4 9h16M4 15h16M8 5v14M16 5v14",
  docs: "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h7",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  error: "M12 3l9.5 17h-19zM12 10v4M12 17v.5",
  filter: "M4 5h16l-6 7v6l-4 2v-8z",
  frameBack: "M17 6l-7 6 7 6zM7 6v12",
  frameOn: "M7 6l7 6-7 6zM17 6v12",
  fullScreen: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  grid: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.3-1 .8-1 1.700M12 16.500v.5",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 7.5v.5",
  jobs: "M5 6h14M5 12h14M5 18h9M17 16l4 2-4 2z",
  key: "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12l9-9M16 7l3 3",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  menu: "M4 6h16M4 12h16M4 18h16",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  pause: "M8 5v14M16 5v14",
  play: "M7 5l12 7-12 7z",
  refresh: "M20 11a8 8 0 1 0-2 6M20 5v6h-6",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  settings: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM8 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  share: "M12 15V4M8 8l4-4 4 4M5 13v7h14v-7",
  signOut: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  stop: "M6 6h12v12H6z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c1-4 4-6 7.5-6s6.5 2 7.5 6",
  users: "M9 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM2 20c.8-4 3.500-6 7-6s6.200 2 7 6M16 5a3.500 3.500 0 0 1 0 7M18 14.500c2 .8 3.300 2.800 4 5.500",
  volume: "M4 10v4h4l5 4V6l-5 4zM16 9a4 4 0 0 1 0 6",
};

/** The pictogram `name`. */
export function icon(name) {
  return h(
    "svg:svg.icon",
    { viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    h("svg:path", { d: PATHS[name] }),
  );
}
