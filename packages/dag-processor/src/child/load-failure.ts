import type { LoadFailure } from "../protocol/messages.ts";

const longest = 20_000;
const longestStack = 64 * 1024 * 1024;

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
  const stack = shortened(textOf(thrown, "stack", longestStack));
  if (thrown instanceof Refusal) return { kind: thrown.kind, name: "Refusal", message, stack: null, hint: thrown.hint };
  return { kind: kindOf(name, message, textOf(thrown, "code")), name, message, stack, hint: textOf(thrown, "hint") };
}

const missingCodes = [
  "ERR_MODULE_NOT_FOUND",
  "MODULE_NOT_FOUND",
  "ERR_UNKNOWN_BUILTIN_MODULE",
  "ERR_UNSUPPORTED_ESM_URL_SCHEME",
];

function kindOf(name: string, message: string, code: string | null): LoadFailure["kind"] {
  if (name === "AirloomError") return "spec";
  if (code !== null && missingCodes.includes(code)) return "resolve";
  if (/allocation failed|invalid array buffer length|out of memory/i.test(message)) return "memory";
  return "throw";
}

/** A long message stands before the frames: its start and the frames are kept. */
function shortened(stack: string | null): string | null {
  if (stack === null || stack.length <= longest) return stack;
  const frames = stack.indexOf("\n    at ");
  if (frames < 0) return stack.slice(0, longest);
  return stack.slice(0, Math.min(frames, longest)) + stack.slice(frames, frames + longest);
}

function textOf(thrown: unknown, field: string, most = longest): string | null {
  try {
    const value = (thrown as Readonly<Record<string, unknown>> | null | undefined)?.[field];
    return typeof value === "string" ? value.slice(0, most) : null;
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
