/**
 * Reactive values (signals), effects and scopes.
 *
 * A `signal` holds a value; an `effect` runs again whenever a signal that it read has changed; a `computed` is a signal
 * derived from others. Whatever is created while a *scope* runs ends with that scope, so a page that is left leaves no
 * listeners, timers or requests behind.
 */

let runningEffect = null; // reads of signals are recorded for it
let openScope = null; // effects, listeners and timers are registered with it
let pending = null; // effects that will run in the next microtask
let effectCount = 0;

/** Create a signal. Reading `.value` inside an effect makes the effect depend on it. */
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
    /** Return the value without depending on it. */
    peek: () => current,
    /** Set the value to `change(value)`. */
    update(change) {
      this.value = change(current);
    },
  };
}

/** Run `run` now, and again after each change of a signal that it read. It may return a clean-up function. */
export function effect(run) {
  const self = { sources: new Set(), rerun, isOver: false, number: (effectCount += 1) };
  let scope = null;

  function rerun() {
    if (self.isOver) return;
    end(); // dependencies are recorded again in each run, since a branch may read other signals than the last time
    const before = runningEffect;
    runningEffect = self;
    scope = new Scope();
    try {
      scope.run(() => {
        const cleanUp = run();
        if (typeof cleanUp === "function") onEnd(cleanUp);
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

/** Create a signal whose value is `make()`, kept up to date. */
export function computed(make) {
  const result = signal(undefined);
  effect(() => {
    result.value = make();
  });
  return result;
}

/** Run `run` without recording what it reads as a dependency. */
export function untracked(run) {
  const before = runningEffect;
  runningEffect = null;
  try {
    return run();
  } finally {
    runningEffect = before;
  }
}

/** Effects, listeners and timers that end together. */
export class Scope {
  #endings = [];
  isOver = false;

  /** Run `make`; whatever it starts belongs to this scope. */
  run(make) {
    const before = openScope;
    openScope = this;
    try {
      return make();
    } finally {
      openScope = before;
    }
  }

  /** Call `ending` when the scope ends; immediately if it has ended. */
  onEnd(ending) {
    if (this.isOver) ending();
    else this.#endings.push(ending);
  }

  end() {
    if (this.isOver) return;
    this.isOver = true;
    const endings = this.#endings.reverse(); // the last one first, as with nested blocks
    this.#endings = [];
    for (const ending of endings) guarded(ending);
  }
}

/** Call `ending` when the scope that is running ends. */
export function onEnd(ending) {
  openScope?.onEnd(ending);
}

/** Return the scope that is running, for code that continues after an `await`. */
export function currentScope() {
  return openScope;
}

/** Call `run` every `milliseconds` until the scope ends; not while the browser tab is hidden. */
export function every(milliseconds, run) {
  const timer = setInterval(() => {
    if (!document.hidden) run();
  }, milliseconds);
  onEnd(() => clearInterval(timer));
}

/** Listen to a DOM event until the scope ends. */
export function listen(target, name, handler, options) {
  target.addEventListener(name, handler, options);
  onEnd(() => target.removeEventListener(name, handler, options));
}

/** Schedule an effect. All changes made in one task are handled together, in one microtask. */
function enqueue(reader) {
  if (!pending) {
    pending = new Set();
    queueMicrotask(flush);
  }
  pending.add(reader);
}

function flush() {
  for (let rounds = 0; pending?.size; rounds += 1) {
    if (rounds > 100) {
      reportError(new Error("Effects trigger each other endlessly"));
      break;
    }
    // Outer effects first: running one ends the inner effects that it made, which then must not run on stale values.
    const now = [...pending].sort((one, other) => one.number - other.number);
    pending = new Set();
    for (const reader of now) guarded(reader.rerun);
  }
  pending = null;
}

/** Run `run`; report what it throws as an uncaught error, so that the other effects run all the same. */
function guarded(run) {
  try {
    run();
  } catch (error) {
    reportError(error);
  }
}
