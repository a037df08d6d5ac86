/**
 * The embedded result of a share link, for a frame in a page of another site.
 *
 * It is a document of its own, and none of the console: it has no navigation and no session, so nothing in the frame acts
 * for a user who is signed in. Requests carry no cookies. The key of the link is in the fragment, which browsers do not
 * send to servers.
 *
 * Parameters of the query, `1` or `0`: `title` (1), `controls` (1), `link` (1), `autoplay` (0, muted), `loop` (0).
 */

const POLL_MILLISECONDS = 3000;
const result = document.querySelector("#result");
const options = new URLSearchParams(location.search);
let shown = null; // aborts the requests for the key that is shown

const isOn = (name, preset) => (options.has(name) ? options.get(name) !== "0" : preset);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

addEventListener("hashchange", start);
start();

function start() {
  shown?.abort();
  shown = new AbortController();
  show(location.hash.slice(1), shown.signal).catch((error) => {
    if (error.name !== "AbortError") message(error.text ?? "The platform cannot be reached. Reload the page to try again.");
  });
}

async function show(key, signal) {
  message("Loading…");
  if (!key) return message("The link is incomplete.");
  const path = `/v1/shared/${encodeURIComponent(key)}`;
  const { job } = await (await request(path, signal)).json();
  if (!job.video) return frame(job, key, text("This link does not show the video."));
  if (job.state !== "COMPLETE") return frame(job, key, text("The job is not complete."));
  const address = `${path}/renditions/annotated`;
  for (;;) {
    const response = await request(address, signal, { Range: "bytes=0-0" });
    await response.body?.cancel();
    if (response.status !== 202) break;
    frame(job, key, text("Preparing the video…"));
    await pause(POLL_MILLISECONDS);
    if (signal.aborted) return;
  }
  frame(job, key, player(address, job.name));
}

/** Send a request without cookies; throws an error with a `text` to show for each status from 400 on. */
async function request(path, signal, headers = {}) {
  const response = await fetch(path, { signal, headers, credentials: "omit", cache: "no-store" });
  if (response.ok) return response;
  const error = new Error(`status ${response.status}`);
  error.text = (await response.json().catch(() => null))?.error?.message ?? `The platform answered with status ${response.status}.`;
  throw error;
}

/** Show the title, as the parameters want it, above `content`. */
function frame(job, key, content) {
  document.title = job.name;
  const title = element("header", {});
  if (isOn("title", true)) title.append(element("bdi", {}, job.name), element("span", {}, job.analytic));
  if (isOn("link", true)) title.append(element("a", { href: `/shared#${key}`, target: "_blank", rel: "noopener" }, "Open result"));
  result.replaceChildren(...(title.childElementCount ? [title] : []), content);
}

function player(address, name) {
  const video = element("video", { src: address, playsinline: "", preload: "metadata", "aria-label": name });
  video.controls = isOn("controls", true);
  video.loop = isOn("loop", false);
  if (isOn("autoplay", false)) Object.assign(video, { muted: true, autoplay: true });
  return video;
}

function text(content) {
  return element("p", { role: "status" }, content);
}

function message(content) {
  result.replaceChildren(text(content));
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children); // texts become text nodes
  return made;
}
