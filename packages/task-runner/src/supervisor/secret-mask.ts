import type { Json, JsonObject } from "@airloom/core";
import type { ConnectionValue } from "@airloom/wire";
import { plainText } from "../protocol/plain-text.ts";

/** Shorter ones would blank out half of every log, and protect nothing. */
const shortestSecret = 6;
const mask = "***";

/** Replaces secrets in what an attempt says, in the forms they usually take there. Grows as the attempt is given more of them. */
export class SecretMask {
  readonly #forms = new Set<string>();
  #pattern: RegExp | null = null;

  add(secret: string): void {
    const before = this.#forms.size;
    // Line by line too: a key of many lines is logged as many lines.
    for (const part of [secret, ...secret.split(/\r?\n/)]) {
      if (part.trim().length < shortestSecret) continue;
      for (const form of formsOf(part)) this.#forms.add(form);
    }
    if (this.#forms.size === before) return;
    const longestFirst = [...this.#forms].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map(escaped).join("|"), "g");
  }

  /** A connection's password, and every text of what else it holds. */
  addConnection({ password, extra }: ConnectionValue): void {
    if (password !== null) this.add(password);
    for (const text of textsOf(extra)) this.add(text);
  }

  apply(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, mask) : text;
  }

  applyToFields(fields: JsonObject): JsonObject {
    if (!this.#pattern) return fields;
    return this.#walk(fields) as JsonObject;
  }

  #walk(value: Json): Json {
    if (typeof value === "string") return this.apply(value);
    if (Array.isArray(value)) return value.map((item: Json) => this.#walk(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.apply(key), this.#walk(item as Json)]));
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(plainText(secret));
  return [secret, json, url, url.replaceAll("%20", "+"), ...base64Forms(secret)];
}

/** Base64 of the secret wherever in a longer text it lies: at each of three offsets, without the digits its neighbours change. */
function base64Forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const start = Math.ceil((offset * 4) / 3);
    const whole = Math.floor(((offset + bytes.length) * 8) / 6);
    const stable = text.slice(start, whole);
    return stable.length >= shortestSecret ? [stable, stable.replaceAll("+", "-").replaceAll("/", "_")] : [];
  });
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
