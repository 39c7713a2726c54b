import { hasNamedProperties } from "./plain-object.ts";
import { tagKey } from "./tag.ts";

/**
 * Whether `JSON.stringify` alone keeps a value exactly: the fast path of large plain results. False is no verdict about the
 * value; the walk in `to-tagged.ts` gives that.
 */
export function isExactJson(value: unknown, depthLeft: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      return value === null || (depthLeft > 0 && isExactObject(value, depthLeft - 1));
    default:
      return false;
  }
}

function isExactObject(value: object, depthLeft: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return isExactList(value as readonly unknown[], depthLeft);
  if (prototype !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false;
  for (const key of Object.keys(value)) {
    if (key === tagKey || !isExactJson((value as Record<string, unknown>)[key], depthLeft)) return false;
  }
  return true;
}

function isExactList(list: readonly unknown[], depthLeft: number): boolean {
  // By index: a hole reads as undefined, which is not exact JSON either.
  for (let index = 0; index < list.length; index += 1) if (!isExactJson(list[index], depthLeft)) return false;
  return !hasNamedProperties(list);
}
