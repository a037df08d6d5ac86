/** Tests of the modules in `core/` that need no page. */

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { pathname: "/jobs", search: "?search=cars&page=2", hash: "#part" };
globalThis.history = { state: null, replaceState: (state, title, path) => history.paths.push(path), paths: [] };
const reported = [];
globalThis.reportError = (error) => reported.push(error.message);

const SITE = "../../../src/voxel51/server/console/site";
const { Scope, computed, effect, onEnd, signal, untracked } = await import(`${SITE}/core/reactive.js`);
const { match, route, runInScope, setQuery } = await import(`${SITE}/core/router.js`);
const format = await import(`${SITE}/core/format.js`);
const query = await import(`${SITE}/core/query.js`);

/** Wait until all effects have run. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

test("an effect runs again when a signal changes, and once for several changes", async () => {
  const [first, second, seen] = [signal(1), signal(1), []];
  effect(() => seen.push(first.value + second.value));
  first.value = 2;
  second.value = 3;
  second.value = 3;
  await settled();
  assert.deepEqual(seen, [2, 5]);
});

test("an effect depends on what its latest run has read only", async () => {
  const [isLong, long, short, seen] = [signal(true), signal("long"), signal("short"), []];
  effect(() => seen.push(isLong.value ? long.value : short.value));
  isLong.value = false;
  await settled();
  long.value = "longer";
  await settled();
  assert.deepEqual(seen, ["long", "short"]);
});

test("untracked and peeked reads are not dependencies", async () => {
  const [one, other, seen] = [signal(1), signal(1), []];
  effect(() => seen.push(untracked(() => one.value) + other.peek()));
  one.value = other.value = 2;
  await settled();
  assert.deepEqual(seen, [2]);
});

test("a failing effect does not stop the others", async () => {
  const [number, seen] = [signal(0), []];
  effect(() => {
    if (number.value === 1) throw new Error("not this one");
  });
  effect(() => seen.push(number.value));
  number.value = 1;
  await settled();
  number.value = 2;
  await settled();
  assert.deepEqual(seen, [0, 1, 2]);
  assert.deepEqual(reported.splice(0), ["not this one"]);
});

test("effects that trigger each other endlessly are stopped", async () => {
  const [number, other, seen] = [signal(0), signal(0), []];
  const scope = new Scope();
  scope.run(() => effect(() => (number.value += 1)));
  await settled();
  scope.end();
  effect(() => seen.push(other.value));
  other.value = 1;
  await settled();
  assert.deepEqual(reported.splice(0), ["Effects trigger each other endlessly"]);
  assert.deepEqual(seen, [0, 1]);
});

test("an inner effect ends before it could run on stale values", async () => {
  const [person, tick] = [signal({ name: "ada" }), signal(0)];
  const seen = [];
  effect(() => {
    if (!person.value) return;
    effect(() => seen.push(`${untracked(() => person.value).name} ${tick.value}`));
  });
  tick.value = 1; // the inner effect is notified first
  person.value = null;
  await settled();
  assert.deepEqual(seen, ["ada 0"]);
  assert.deepEqual(reported, []);
});

test("a computed value follows its sources and notifies of changes only", async () => {
  const [number, seen] = [signal(1), []];
  const isOdd = computed(() => number.value % 2 === 1);
  effect(() => seen.push(isOdd.value));
  number.value = 3;
  await settled();
  number.value = 4;
  await settled();
  assert.deepEqual(seen, [true, false]);
});

test("a scope ends everything in reverse order, despite failures", async () => {
  const [number, seen] = [signal(0), []];
  const scope = new Scope();
  scope.run(() => {
    effect(() => {
      seen.push(number.value);
      return () => seen.push("tidied");
    });
    onEnd(() => {
      throw new Error("an ending");
    });
    onEnd(() => seen.push("last"));
  });
  scope.end();
  scope.end();
  number.value = 1;
  await settled();
  assert.deepEqual(seen, [0, "last", "tidied"]);
  assert.deepEqual(reported.splice(0), ["an ending"]);
});

test("an effect in an ended scope never runs", async () => {
  const seen = [];
  const scope = new Scope();
  scope.end();
  scope.run(() => effect(() => seen.push("ran")));
  scope.run(() => onEnd(() => seen.push("ended at once")));
  assert.deepEqual(seen, ["ended at once"]);
});

test("the scope of a failing page ends", () => {
  const ended = [];
  const make = () => {
    onEnd(() => ended.push("effect"));
    throw new Error("no such thing");
  };
  assert.throws(() => runInScope(make), /no such thing/);
  assert.deepEqual(ended, ["effect"]);
});

test("a path matches the first fitting page, with its parameters", () => {
  const pages = ["/", "/jobs", "/jobs/new", "/jobs/:id", "/jobs/:id/files/:name"].map((path) => ({ path }));
  const found = (path) => {
    const { page, parameters } = match(pages, path) ?? { page: { path: null } };
    return [page.path, parameters];
  };
  assert.deepEqual(found("/"), ["/", {}]);
  assert.deepEqual(found("/jobs/"), ["/jobs", {}]);
  assert.deepEqual(found("/jobs/new"), ["/jobs/new", {}]);
  assert.deepEqual(found("/jobs/a%2Fb%20c"), ["/jobs/:id", { id: "a/b c" }]);
  assert.deepEqual(found("/jobs/1/files/x"), ["/jobs/:id/files/:name", { id: "1", name: "x" }]);
  for (const path of ["/job", "/jobs/1/files", "/jobs/1/2/3", "/x/jobs", "/jobs/%E0%A4", "/jobs/%"]) assert.equal(found(path)[0], null, path);
});

test("setQuery changes the query without a new page and keeps the fragment", () => {
  const before = route.peek();
  setQuery({ page: "", sort: "name:asc" });
  assert.equal(route.peek(), before);
  assert.equal(route.peek().query.get("sort"), "name:asc");
  assert.deepEqual(history.paths, ["/jobs?search=cars&sort=name%3Aasc#part"]);
});

test("sizes have a suitable unit", () => {
  const cases = { 0: /^0/, 999: /^999 b/, 1000: /^1 kB/, 1_550_000: /^1\.6 MB/, 999_999: /^1 MB/, 1e21: /PB$/ };
  for (const [bytes, expected] of Object.entries(cases)) assert.match(format.size(Number(bytes)), expected);
  for (const nothing of [null, undefined, -1]) assert.equal(format.size(nothing), "");
});

test("clock, duration and ago format times", () => {
  assert.deepEqual([0, 5.4, 65, 3725, -3].map(format.clock), ["0:00", "0:05", "1:05", "1:02:05", "0:00"]);
  assert.deepEqual([0.25, 45, 180, 7500].map(format.duration), ["0.3 s", "45 s", "3 min", "2 h 5 min"]);
  assert.equal(format.duration(null), "");
  const now = Date.parse("2026-03-01T12:00:00Z");
  assert.match(format.ago("2026-03-01T11:00:31Z", now), /^59/);
  assert.match(format.ago("2026-03-01T12:00:20Z", now), /now/);
  assert.match(format.ago("2026-03-02T12:00:00Z", now), /tomorrow/);
  assert.equal(format.ago(null), "");
});

test("search terms escape special characters", () => {
  assert.equal(query.term("name", "a,b:c|d\\e"), "name:a\\,b\\:c\\|d\\\\e");
  assert.equal(query.term("state", "FAILED", "COMPLETE"), "state:FAILED|COMPLETE");
  assert.equal(query.term("state"), "");
  assert.equal(query.allOf("", "a", undefined, "b"), "a,b");
});
