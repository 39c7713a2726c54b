const { getOwnPropertyDescriptor } = Object;
const ownKeys = Reflect.ownKeys;

/** Built-in functions with which a file's Dags are found, evaluated and written down. */
const used: Readonly<Record<string, object>> = {
  Object,
  Reflect,
  JSON,
  Array,
  "Array.prototype": Array.prototype,
  "String.prototype": String.prototype,
  "RegExp.prototype": RegExp.prototype,
  "Map.prototype": Map.prototype,
  "Set.prototype": Set.prototype,
  "Promise.prototype": Promise.prototype,
  Buffer,
};

interface Known {
  readonly name: string;
  readonly object: object;
  readonly key: PropertyKey;
  readonly value: unknown;
}

/**
 * Notes built-in functions that reading a file depends on.
 * @returns a function that names the first of them that was replaced since: what is found with it is not what the file says. Additions,
 * such as polyfills make, do no harm.
 */
export function noteBuiltins(): () => string | null {
  const known: Known[] = [];
  for (const [name, object] of Object.entries(used)) {
    for (const key of ownKeys(object)) {
      const value = getOwnPropertyDescriptor(object, key)?.value as unknown;
      if (typeof value === "function") known.push({ name, object, key, value });
    }
  }
  // Without any of the functions it looks for.
  const count = known.length;
  return () => {
    for (let index = 0; index < count; index += 1) {
      const one = known[index] as Known;
      if (getOwnPropertyDescriptor(one.object, one.key)?.value !== one.value) return `${one.name}.${String(one.key)}`;
    }
    return null;
  };
}
