/** Names of browsers, derived from their `User-Agent` headers. */

/** The first match counts: most browsers also claim to be those further down in the list. */
const BROWSERS = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)/, "Edge"],
  [/\bOPR\/(\d+)/, "Opera"],
  [/\bSamsungBrowser\/(\d+)/, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
  [/\b(?:HeadlessChrome|Chromium)\/(\d+)/, "Chromium"],
  [/\b(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+).*Safari\//, "Safari"],
];
const SYSTEMS = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** Return the name of the browser with this `User-Agent`, such as `Firefox 140 on Linux`; unknown ones as they are. */
export function browserName(agent) {
  const [pattern, browser] = BROWSERS.find(([known]) => known.test(agent)) ?? [];
  const [, system] = SYSTEMS.find(([known]) => known.test(agent)) ?? [];
  if (!browser) return agent || "Unknown browser";
  const name = `${browser} ${pattern.exec(agent)[1]}`;
  return system ? `${name} on ${system}` : name;
}
