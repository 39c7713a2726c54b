/**
 * Whether an object is plain data: made by `{}`, with no prototype (`bare`), or `{}` of another realm (a `vm` context).
 * Everything else is an instance of something, whose behaviour a copy would lose.
 */
export function plainKind(value: object): "plain" | "bare" | null {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return "plain";
  if (prototype === null) return "bare";
  return isForeignObjectPrototype(prototype as object) ? "plain" : null;
}

const isForeignObjectPrototype = (prototype: object): boolean =>
  Object.getPrototypeOf(prototype) === null &&
  Object.hasOwn(prototype, "hasOwnProperty") &&
  Object.hasOwn(prototype, "isPrototypeOf");

export const isPlainArray = (value: object): value is unknown[] => {
  if (!Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Array.prototype || (Array.isArray(prototype) && prototype.constructor?.name === "Array");
};

/** Listing the keys of a long list costs more than encoding it; named properties are looked for on lists up to this length. */
const longestInspectedList = 1_000;

/** Whether a list carries properties beside its elements, as the result of `text.match(…)` does. */
export const hasNamedProperties = (list: readonly unknown[]): boolean =>
  list.length <= longestInspectedList && Object.keys(list).length > list.length;
