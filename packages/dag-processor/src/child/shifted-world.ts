const shiftMs = (400 * 24 + 7) * 3_600_000 + 13 * 60_000 + 31_007;

export interface Worlds {
  /** Evaluates in the world as it is, noting the chances it was given. */
  readonly first: <T>(evaluate: () => T) => T;
  /** Evaluates again, more than a year later and with the opposite of each chance. */
  readonly second: <T>(evaluate: () => T) => T;
}

/** Two worlds that differ in what a Dag's body must not depend on: time and chance. */
export function makeWorlds(): Worlds {
  const chances: number[] = [];
  const { random } = Math;
  return {
    first: (evaluate) =>
      during(evaluate, {
        random() {
          const chance = random();
          chances.push(chance);
          return chance;
        },
      }),
    second: (evaluate) => {
      let next = 0;
      return during(evaluate, {
        // Its opposite falls on the other side of any threshold near one half: two equal draws would hide a difference.
        random: () => Math.min(1 - (chances[next++] ?? random()), 1 - Number.EPSILON),
        date: shiftedDate(),
      });
    },
  };
}

function during<T>(evaluate: () => T, { random, date }: { random: () => number; date?: DateConstructor }): T {
  const before = { random: Math.random, date: globalThis.Date };
  Math.random = random;
  if (date) globalThis.Date = date;
  try {
    return evaluate();
  } finally {
    Math.random = before.random;
    globalThis.Date = before.date;
  }
}

/**
 * `Date` with its "now" moved; given instants, parsing and `instanceof` stay.
 * @param given `byMs`: default more than a year. `onNow` is called each time someone asks for the time.
 */
export function shiftedDate(
  given: { readonly byMs?: number | undefined; readonly onNow?: () => void } = {},
): DateConstructor {
  const { byMs = shiftMs, onNow } = given;
  const real = globalThis.Date;
  const now = (): number => {
    onNow?.();
    return real.now() + byMs;
  };
  return new Proxy(real, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new real(now()).toString(),
    get: (target, key, receiver) => (key === "now" ? now : Reflect.get(target, key, receiver)),
  });
}
