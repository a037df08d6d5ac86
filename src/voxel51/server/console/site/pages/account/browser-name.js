/** Browsers by what they say that they are, the first that fits; each but the last says also that it is a later one. */
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

/** What people call the browser with this `User-Agent`: `Firefox 140 on Linux`; the text itself where nobody knows it. */
export function browserName(agent) {
  const [pattern, browser] = BROWSERS.find(([known]) => known.test(agent)) ?? [];
  const [, system] = SYSTEMS.find(([known]) => known.test(agent)) ?? [];
  if (!browser) return agent || "Unknown browser";
  const name = `${browser} ${pattern.exec(agent)[1]}`;
  return system ? `${name} on ${system}` : name;
}
