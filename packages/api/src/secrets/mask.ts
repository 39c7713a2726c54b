import { isSensitiveName, type Json } from "@airloom/core";

/** What stands in the place of a value that is not shown. Sent back in a change, it means "as it is". */
export const masked = "***";

/** A value with everything under a sensitive name masked, at any depth. */
export function maskJson(value: Json): Json {
  if (Array.isArray(value)) return value.map(maskJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSensitiveName(name) && inner !== null ? masked : maskJson(inner),
    ]),
  );
}

/** JSON text masked inside; other text is left alone, or masked whole when its own name is sensitive. */
export function maskText(text: string, name: string): string {
  if (isSensitiveName(name)) return masked;
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(maskJson(JSON.parse(text) as Json));
  } catch {
    return text;
  }
}

/** A changed value in which what came back masked keeps what it was. */
export function unmaskJson(changed: Json, known: Json): Json {
  if (changed === masked) return known;
  if (Array.isArray(changed)) {
    const before = Array.isArray(known) ? known : [];
    return changed.map((item, index) => unmaskJson(item, before[index] ?? item));
  }
  if (typeof changed !== "object" || changed === null) return changed;
  const before = typeof known === "object" && known !== null && !Array.isArray(known) ? known : {};
  return Object.fromEntries(
    Object.entries(changed).map(([name, item]) => [
      name,
      unmaskJson(item, (before as Record<string, Json>)[name] ?? item),
    ]),
  );
}
