/** The modules of `core/` that need no page. */

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { pathname: "/jobs", search: "?search=cars&page=2", hash: "#part" };
globalThis.history = { state: null, replaceState: (state, title, path) => history.paths.push(path), paths: [] };
const reported = [];
globalThis.reportError = (error) => reported.push(error.message);

const SITE = "../../../src/voxel51/server/console/site";
const { Scope, computed, effect, onEnd, signal, untracked } = await import(`${SITE}/core/reactive.js`);
const { match, place, scoped, setQuery } = await import(`${SITE}/core/router.js`);
const format = await import(`${SITE}/core/format.js`);
const query = await import(`${SITE}/core/query.js`);

/** Until all effects have run. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

test("an effect runs again when what it read has changed, and once for many changes", async () => {
  const [first, second, seen] = [signal(1), signal(1), []];
  effect(() => seen.push(first.value + second.value));
  first.value = 2;
  second.value = 3;
  second.value = 3;
  await settled();
  assert.deepEqual(seen, [2, 5]);
});

test("an effect depends on what it read last, and on nothing else", async () => {
  const [isLong, long, short, seen] = [signal(true), signal("long"), signal("short"), []];
  effect(() => seen.push(isLong.value ? long.value : short.value));
  isLong.value = false;
  await settled();
  long.value = "longer";
  await settled();
  assert.deepEqual(seen, ["long", "short"]);
});

test("what is read untracked or peeked at starts nothing", async () => {
  const [one, other, seen] = [signal(1), signal(1), []];
  effect(() => seen.push(untracked(() => one.value) + other.peek()));
  one.value = other.value = 2;
  await settled();
  assert.deepEqual(seen, [2]);
});

test("an effect that fails keeps no other from running, now or later", async () => {
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

test("effects that drive each other for ever are ended, and others go on", async () => {
  const [number, other, seen] = [signal(0), signal(0), []];
  const scope = new Scope();
  scope.run(() => effect(() => (number.value += 1)));
  await settled();
  scope.end();
  effect(() => seen.push(other.value));
  other.value = 1;
  await settled();
  assert.deepEqual(reported.splice(0), ["Effects change what they read, without end"]);
  assert.deepEqual(seen, [0, 1]);
});

test("what an effect made ends before it runs on what is gone", async () => {
  const [person, tick] = [signal({ name: "ada" }), signal(0)];
  const seen = [];
  effect(() => {
    if (!person.value) return;
    effect(() => seen.push(`${untracked(() => person.value).name} ${tick.value}`));
  });
  tick.value = 1; // the inner one is told first
  person.value = null;
  await settled();
  assert.deepEqual(seen, ["ada 0"]);
  assert.deepEqual(reported, []);
});

test("a computed value follows, and tells only of changes", async () => {
  const [number, seen] = [signal(1), []];
  const isOdd = computed(() => number.value % 2 === 1);
  effect(() => seen.push(isOdd.value));
  number.value = 3;
  await settled();
  number.value = 4;
  await settled();
  assert.deepEqual(seen, [true, false]);
});

test("what a scope began ends with it, the last first, whatever fails", async () => {
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

test("what is begun in a scope that is over never runs", async () => {
  const seen = [];
  const scope = new Scope();
  scope.end();
  scope.run(() => effect(() => seen.push("ran")));
  scope.run(() => onEnd(() => seen.push("ended at once")));
  assert.deepEqual(seen, ["ended at once"]);
});

test("a page that cannot be made leaves nothing behind", () => {
  const ended = [];
  const make = () => {
    onEnd(() => ended.push("effect"));
    throw new Error("no such thing");
  };
  assert.throws(() => scoped(make), /no such thing/);
  assert.deepEqual(ended, ["effect"]);
});

test("an address is the first page that fits, with what its placeholders stand for", () => {
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

test("the query changes without a new page, and keeps the fragment", () => {
  const before = place.peek();
  setQuery({ page: "", sort: "name:asc" });
  assert.equal(place.peek(), before);
  assert.equal(place.peek().query.get("sort"), "name:asc");
  assert.deepEqual(history.paths, ["/jobs?search=cars&sort=name%3Aasc#part"]);
});

test("sizes are in the unit that suits", () => {
  const cases = { 0: /^0/, 999: /^999 b/, 1000: /^1 kB/, 1_550_000: /^1\.6 MB/, 999_999: /^1 MB/, 1e21: /PB$/ };
  for (const [bytes, expected] of Object.entries(cases)) assert.match(format.size(Number(bytes)), expected);
  for (const nothing of [null, undefined, -1]) assert.equal(format.size(nothing), "");
});

test("times are as people say them", () => {
  assert.deepEqual([0, 5.4, 65, 3725, -3].map(format.clock), ["0:00", "0:05", "1:05", "1:02:05", "0:00"]);
  assert.deepEqual([0.25, 45, 180, 7500].map(format.duration), ["0.3 s", "45 s", "3 min", "2 h 5 min"]);
  assert.equal(format.duration(null), "");
  const now = Date.parse("2026-03-01T12:00:00Z");
  assert.match(format.ago("2026-03-01T11:00:31Z", now), /^59/);
  assert.match(format.ago("2026-03-01T12:00:20Z", now), /now/);
  assert.match(format.ago("2026-03-02T12:00:00Z", now), /tomorrow/);
  assert.equal(format.ago(null), "");
});

test("terms of a search mean what they say, whatever is in them", () => {
  assert.equal(query.term("name", "a,b:c|d\\e"), "name:a\\,b\\:c\\|d\\\\e");
  assert.equal(query.term("state", "FAILED", "COMPLETE"), "state:FAILED|COMPLETE");
  assert.equal(query.term("state"), "");
  assert.equal(query.all("", "a", undefined, "b"), "a,b");
});
