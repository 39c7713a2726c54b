import type { LoadFailure } from "../protocol/messages.ts";

const longest = 20_000;

/** Says why a file was refused, apart from what its code throws. */
export class Refusal extends Error {
  readonly kind: LoadFailure["kind"];
  readonly hint: string;

  constructor(kind: LoadFailure["kind"], message: string, hint: string) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}

/** Whatever was thrown, as text. Author code may throw things whose fields throw in turn. */
export function toLoadFailure(thrown: unknown): LoadFailure {
  const name = textOf(thrown, "name") ?? typeof thrown;
  const message = textOf(thrown, "message") ?? shown(thrown);
  const stack = textOf(thrown, "stack");
  if (thrown instanceof Refusal) return { kind: thrown.kind, name: "Refusal", message, stack: null, hint: thrown.hint };
  return { kind: kindOf(name, message, textOf(thrown, "code")), name, message, stack, hint: textOf(thrown, "hint") };
}

function kindOf(name: string, message: string, code: string | null): LoadFailure["kind"] {
  if (name === "AirloomError") return "spec";
  if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return "resolve";
  if (/allocation failed|invalid array buffer length|out of memory/i.test(message)) return "memory";
  return "throw";
}

function textOf(thrown: unknown, field: string): string | null {
  try {
    const value = (thrown as Readonly<Record<string, unknown>> | null | undefined)?.[field];
    return typeof value === "string" ? value.slice(0, longest) : null;
  } catch {
    return null;
  }
}

function shown(thrown: unknown): string {
  try {
    return String(thrown).slice(0, longest);
  } catch {
    return "a value that cannot be shown as text";
  }
}
