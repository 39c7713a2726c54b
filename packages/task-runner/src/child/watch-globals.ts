/** Objects that all code of the process shares and an attempt must not leave changed. */
const shared: Readonly<Record<string, object>> = {
  globalThis,
  Object,
  "Object.prototype": Object.prototype,
  "Function.prototype": Function.prototype,
  Array,
  "Array.prototype": Array.prototype,
  "String.prototype": String.prototype,
  "Number.prototype": Number.prototype,
  Promise,
  "Promise.prototype": Promise.prototype,
  "Map.prototype": Map.prototype,
  "Set.prototype": Set.prototype,
  "RegExp.prototype": RegExp.prototype,
  Date,
  "Date.prototype": Date.prototype,
  Error,
  "Error.prototype": Error.prototype,
  JSON,
  Math,
  Reflect,
  console,
  Symbol,
  "TextEncoder.prototype": TextEncoder.prototype,
  "TextDecoder.prototype": TextDecoder.prototype,
  Buffer,
  "Buffer.prototype": Buffer.prototype,
};

/** What else it says of the process changes by itself: its functions do not. */
const functionsOfProcess = (): Properties =>
  new Map([...propertiesOf(process)].filter(([, { value }]) => typeof value === "function"));

type Properties = ReadonlyMap<string | symbol, PropertyDescriptor>;

/**
 * Notes the properties of shared objects.
 * @returns a function that names what changed since.
 */
export function noteGlobals(): () => readonly string[] {
  const noted = Object.entries(shared).map(([name, object]) => ({ name, object, properties: propertiesOf(object) }));
  const processFunctions = functionsOfProcess();
  return () => [
    ...noted.flatMap(({ name, object, properties }) =>
      changes(properties, propertiesOf(object)).map((key) => `${name}.${key}`),
    ),
    ...changes(processFunctions, functionsOfProcess()).map((key) => `process.${key}`),
  ];
}

const propertiesOf = (object: object): Properties =>
  new Map(
    Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor]),
  );

function changes(before: Properties, after: Properties): readonly string[] {
  const changed: string[] = [];
  for (const [key, now] of after) {
    // Libraries, Node's fetch among them, keep registries under symbols of their own: these harm nobody.
    if (typeof key === "symbol" && !before.has(key)) continue;
    if (!isSame(before.get(key), now)) changed.push(String(key));
  }
  for (const key of before.keys()) if (!after.has(key)) changed.push(String(key));
  return changed;
}

function isSame(before: PropertyDescriptor | undefined, now: PropertyDescriptor): boolean {
  // Libraries that borrow `Error.prepareStackTrace` give it back as undefined.
  if (!before) return "value" in now && now.value === undefined;
  // Node's lazy globals turn from getters into values when first used.
  if (before.get && !now.get) return true;
  return Object.is(before.value, now.value) && before.get === now.get && before.set === now.set;
}
