import { inspect } from "node:util";
import type { JsonObject } from "@airloom/core";
import type { ContextHost } from "@airloom/sdk/runtime";
import { type ConnectionValue, type InputValue, type TaskWorkload, toJsonView, unpackMessage } from "@airloom/wire";
import type { ChildRecord } from "../protocol/messages.ts";
import { type AttemptScope, current } from "./attempt-scope.ts";
import { groupWords } from "./capture-console.ts";
import type { Channel } from "./channel.ts";

export interface HostParts {
  readonly channel: Channel;
  readonly scope: AttemptScope;
  readonly signal: AbortSignal;
}

/** What the SDK may ask of the runner for one attempt. */
export function attemptHost({ channel, scope, signal }: HostParts): ContextHost {
  return {
    signal,
    log: ({ level, source, msg, fields }) => {
      if (scope.over) {
        current.late("it wrote to its log after it had ended");
        return;
      }
      const group = scope.groups.length > 0 ? { group: groupWords(scope.groups) } : {};
      const record: ChildRecord = {
        ts: Date.now(),
        level,
        source,
        msg,
        ...(fields && { fields: plain(fields) }),
        ...group,
      };
      channel.send({ kind: "log", record });
    },
    getVariable: (key) => channel.request("getVariable", [key]) as Promise<string | null>,
    getConnection: (id) => channel.request("getConnection", [id]) as Promise<ConnectionValue | null>,
    pullXCom: (query) => channel.request("pullXCom", [query]) as Promise<Uint8Array | null>,
    pushXCom: async (key, value) => {
      await channel.request("pushXCom", [key, value]);
    },
    fetchValue: async (ref) => {
      const input = await fetchInput(channel, ref);
      if (input.kind === "value" || input.kind === "element") return input.bytes;
      throw new Error(`The input "${ref}" is a list of values: it has no bytes of its own.`);
    },
  };
}

/** The workload with the inputs that were too large to travel along. */
export async function withLargeInputs(workload: TaskWorkload, channel: Channel): Promise<TaskWorkload> {
  const entries = Object.entries(workload.inputs);
  if (!entries.some(([, input]) => input.kind === "ref")) return workload;
  const inputs = await Promise.all(
    entries.map(async ([id, input]) => [id, input.kind === "ref" ? await fetchInput(channel, input.ref) : input]),
  );
  return { ...workload, inputs: Object.fromEntries(inputs) as TaskWorkload["inputs"] };
}

const fetchInput = async (channel: Channel, ref: string): Promise<InputValue> =>
  unpackMessage((await channel.request("fetchValue", [ref])) as Uint8Array) as InputValue;

/** Fields as JSON; what is none is shown as Node shows it. */
function plain(fields: JsonObject): JsonObject {
  try {
    return toJsonView(fields) as JsonObject;
  } catch {
    return { fields: inspect(fields, { depth: 3 }) };
  }
}
