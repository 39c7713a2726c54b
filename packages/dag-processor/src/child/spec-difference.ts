/** Hashes of the rest: they differ whenever anything does, and tell nothing. */
const derived = new Set(["digest"]);

/**
 * The path of the first field in which two pieces of JSON differ; null when they are equal.
 * @example findDifference({ tasks: [{ id: "a" }] }, { tasks: [{ id: "b" }] }) // "tasks[0].id"
 */
export function findDifference(first: unknown, second: unknown, path = ""): string | null {
  if (Object.is(first, second)) return null;
  if (!isObject(first) || !isObject(second) || Array.isArray(first) !== Array.isArray(second))
    return path || "the Spec";
  const keys = [...new Set([...Object.keys(first), ...Object.keys(second)])];
  for (const key of [...keys.filter((one) => !derived.has(one)), ...keys.filter((one) => derived.has(one))]) {
    const place = Array.isArray(first) ? `${path}[${key}]` : path ? `${path}.${key}` : key;
    const difference = findDifference(first[key], second[key], place);
    if (difference !== null) return difference;
  }
  return null;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
