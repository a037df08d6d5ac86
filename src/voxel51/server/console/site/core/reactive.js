/**
 * Values that tell who uses them when they change.
 *
 * A `signal` holds a value; an `effect` runs again whenever a signal that it read has changed; a `computed` is a signal
 * made of others. Whatever is made while a *scope* runs ends with it, so a page that is left leaves nothing behind.
 */

let runningEffect = null;
let openScope = null;
let waiting = null;
let made = 0;

/** A value. Reading `.value` inside an effect makes the effect depend on it. */
export function signal(initial) {
  let current = initial;
  const readers = new Set();
  return {
    get value() {
      if (runningEffect) {
        readers.add(runningEffect);
        runningEffect.sources.add(readers);
      }
      return current;
    },
    set value(next) {
      if (Object.is(next, current)) return;
      current = next;
      for (const reader of [...readers]) enqueue(reader);
    },
    /** The value, without depending on it. */
    peek: () => current,
    /** Set it to what `change` makes of the present value. */
    update(change) {
      this.value = change(current);
    },
  };
}

/** Run `run` now, and again after each change of what it read. `run` may return a function that tidies up before that. */
export function effect(run) {
  const self = { sources: new Set(), rerun, isOver: false, number: (made += 1) };
  let scope = null;

  function rerun() {
    if (self.isOver) return;
    end();
    const before = runningEffect;
    runningEffect = self;
    scope = new Scope();
    try {
      scope.run(() => {
        const tidy = run();
        if (typeof tidy === "function") onEnd(tidy);
      });
    } finally {
      runningEffect = before;
    }
  }

  function end() {
    for (const readers of self.sources) readers.delete(self);
    self.sources.clear();
    scope?.end();
  }

  onEnd(() => {
    self.isOver = true;
    end();
  });
  rerun();
}

/** A signal whose value is what `make` returns, kept up to date. */
export function computed(make) {
  const result = signal(undefined);
  effect(() => {
    result.value = make();
  });
  return result;
}

/** Do not depend on what is read in `run`. */
export function untracked(run) {
  const before = runningEffect;
  runningEffect = null;
  try {
    return run();
  } finally {
    runningEffect = before;
  }
}

/** What ends together. */
export class Scope {
  #endings = [];
  isOver = false;

  /** Run `make`; what it begins belongs to this scope. */
  run(make) {
    const before = openScope;
    openScope = this;
    try {
      return make();
    } finally {
      openScope = before;
    }
  }

  /** Have `ending` called at the end; at once where that is past. */
  onEnd(ending) {
    if (this.isOver) ending();
    else this.#endings.push(ending);
  }

  end() {
    if (this.isOver) return;
    this.isOver = true;
    const endings = this.#endings.reverse();
    this.#endings = [];
    for (const ending of endings) guarded(ending);
  }
}

/** Have `ending` called when the scope that is being run ends. */
export function onEnd(ending) {
  openScope?.onEnd(ending);
}

/** The scope that is being run, for what goes on later (after an `await`). */
export function currentScope() {
  return openScope;
}

/** Call `run` every `milliseconds` until the scope ends; not while the page is out of sight. */
export function every(milliseconds, run) {
  const timer = setInterval(() => {
    if (!document.hidden) run();
  }, milliseconds);
  onEnd(() => clearInterval(timer));
}

/** Listen to an event until the scope ends. */
export function listen(target, name, handler, options) {
  target.addEventListener(name, handler, options);
  onEnd(() => target.removeEventListener(name, handler, options));
}

function enqueue(reader) {
  if (!waiting) {
    waiting = new Set();
    queueMicrotask(flush);
  }
  waiting.add(reader);
}

function flush() {
  for (let rounds = 0; waiting?.size; rounds += 1) {
    if (rounds > 100) {
      reportError(new Error("Effects change what they read, without end"));
      break;
    }
    // Who made another comes first: it may end that one, which then must not run on what is there no more.
    const now = [...waiting].sort((one, other) => one.number - other.number);
    waiting = new Set();
    for (const reader of now) guarded(reader.rerun);
  }
  waiting = null;
}

/** Run what others must not suffer from; what it throws is told as if nobody had caught it. */
function guarded(run) {
  try {
    run();
  } catch (error) {
    reportError(error);
  }
}
