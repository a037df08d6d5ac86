/** Tests of account and search modules that need no page. */

import assert from "node:assert/strict";
import { test } from "node:test";

const PAGES = "../../../src/voxel51/server/console/site/pages";
const { browserName } = await import(`${PAGES}/account/browser-name.js`);
const { isRevokedOrExpired } = await import(`${PAGES}/../core/session.js`);
const { firstFrame, criteriaFromQuery, criteriaToQuery } = await import(`${PAGES}/search/search-query.js`);

const AGENTS = {
  "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox 140 on Linux",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0": "Edge 141 on Windows",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15": "Safari 18 on macOS",
  "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36": "Chrome 141 on Android",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1": "Safari 18 on iPhone",
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36": "Chromium 141 on Linux",
  "python-requests/2.32": "python-requests/2.32",
  "": "Unknown browser",
};

for (const [agent, name] of Object.entries(AGENTS)) {
  test(`the browser name is ${name}`, () => assert.equal(browserName(agent), name));
}

test("a token is inactive once it is revoked or has expired", () => {
  assert.equal(isRevokedOrExpired({ revoked_at: null, expires_at: null }), false);
  assert.equal(isRevokedOrExpired({ revoked_at: null, expires_at: "2999-01-01T00:00:00Z" }), false);
  assert.equal(isRevokedOrExpired({ revoked_at: null, expires_at: "2020-01-01T00:00:00Z" }), true);
  assert.equal(isRevokedOrExpired({ revoked_at: "2020-01-01T00:00:00Z", expires_at: null }), true);
});

test("search criteria survive a round trip through the URL", () => {
  const wanted = { labels: ["dog, big", "a\\b", "c\\,d\\"], text: "TAXI", longerThan: 1.5, confidence: 0.4, together: true, analytic: "voxel51/object-tracks", page: 3 };
  const query = new URLSearchParams(Object.entries(criteriaToQuery(wanted)).filter(([, value]) => value !== null));
  assert.deepEqual(criteriaFromQuery(new URLSearchParams(query.toString())), wanted);
});

test("invalid search parameters get their defaults", () => {
  const query = new URLSearchParams("labels=a,b,c,d,e,f,a,,&longer_than=-1&confidence=7&together=yes&page=x");
  assert.deepEqual(criteriaFromQuery(query), { labels: ["a", "b", "c", "d", "e"], text: "", longerThan: 0, confidence: 0, together: false, analytic: "", page: 1 });
});

test("the first frame of a match has all labels, or any of them", () => {
  const found = { car: { ranges: [[21, 30]] }, person: { ranges: [[12, 60]] }, none: { ranges: [] } };
  assert.equal(firstFrame({ together: [[21, 30]], found }, true), 21);
  assert.equal(firstFrame({ together: [], found }, true), 12);
  assert.equal(firstFrame({ together: [], found: {} }, false), 1);
});
