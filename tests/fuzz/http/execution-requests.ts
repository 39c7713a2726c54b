import { createHash } from "node:crypto";
import type { Agent } from "node:http";
import { someSpec, someTask } from "@airloom/testkit";
import {
  type AttemptRef,
  type ExecutionMethod,
  encodeValue,
  executionMethods,
  executionPath,
  messageMediaType,
  packMessage,
  unpackMessage,
} from "@airloom/wire";
import { absurdText } from "../absurd.ts";
import type { Random } from "../random.ts";
import type { World } from "../world.ts";
import type { FuzzRequest } from "./fuzz-request.ts";
import { mutated } from "./mutate-json.ts";
import { sendRequest } from "./send-request.ts";
import type { Json } from "./valid-json.ts";

export type MakeExecutionRequest = (random: Random, index: number) => FuzzRequest;

const workerId = "00000000-0000-4000-8000-00000000f022";
const worker = {
  workerId,
  hostname: "fuzz",
  pid: 1,
  bootId: "fuzz",
  startTicks: "1",
  executor: "local",
  queues: ["default"],
  slots: 4,
};

/** A worker that holds attempts, so that messages about real ones can be spoiled. */
export async function executionSenders(world: World, agent: Agent): Promise<MakeExecutionRequest> {
  const call = async (method: ExecutionMethod, args: readonly unknown[]): Promise<unknown> => {
    const answer = await sendRequest(world, agent, messageTo(method, args));
    return answer.status === 200 ? (unpackMessage(answer.body) as { result: unknown }).result : null;
  };
  await call("registerWorker", [worker]);
  const tokens = ["one", "two", "three"].map((word) => `${word} ${Math.round(performance.now())}`);
  const claimed = (await call("claim", [claimWith(tokens.map(hashOf))])) as {
    readonly workloads: readonly {
      readonly taskInstanceId?: string;
      readonly attempt?: number;
      readonly tokenHash?: string;
    }[];
  } | null;
  const attempts = (claimed?.workloads ?? []).map(({ taskInstanceId, attempt, tokenHash }) => ({
    taskInstanceId: taskInstanceId ?? "",
    attempt: attempt ?? 1,
    token: tokens.find((one) => hashOf(one) === tokenHash) ?? tokens[0] ?? "",
  }));
  return (random, index) => spoiled(random, index, attempts);
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
const claimWith = (tokenHashes: readonly string[]) => ({
  workerId,
  executor: "local",
  queues: ["default"],
  tokenHashes,
  warmArtifacts: [],
  waitMs: 0,
});

const messageTo = (method: ExecutionMethod, args: readonly unknown[]): FuzzRequest => ({
  route: `execution ${method}`,
  method: "POST",
  path: executionPath(method),
  headers: [
    ["authorization", "@worker"],
    ["content-type", messageMediaType],
  ],
  body: { base64: Buffer.from(packMessage({ args })).toString("base64") },
  odd: [],
});

const unknownAttempt: AttemptRef = {
  taskInstanceId: "00000000-0000-4000-8000-000000000000",
  attempt: 1,
  token: "none",
};

const brokenReport = { kind: "broken", file: "dags/fuzz.ts", sourceHash: "x", error: { message: "fuzz" } };

/** A file as a dag-processor reports it; what is spoiled of it must not be stored. */
const parsedReport = {
  kind: "parsed",
  file: "dags/published.ts",
  sourceHash: "h",
  artifact: { id: "published", codeHash: "c", file: "dags/published.ts", entry: "index.mjs", parts: [] },
  source: "export default 1;",
  seconds: 0.1,
  dags: [
    {
      dagId: "published",
      spec: someSpec({
        dagId: "published",
        schedule: { kind: "cron", expressions: ["0 6 * * *"], timezone: "Europe/Berlin", interval: "point" },
        tasks: [someTask({ id: "first" }), someTask({ id: "second", upstream: ["first"] })],
      }),
    },
  ],
};

function argsFor(method: ExecutionMethod, attempt: AttemptRef, random: Random): readonly unknown[] {
  const value = encodeValue({ a: [1, new Date(0)] });
  const made: Readonly<Record<ExecutionMethod, () => readonly unknown[]>> = {
    appendLogs: () => [
      {
        attempt,
        records: [
          {
            seq: random.between(0, 50),
            ts: 1_767_225_600_000,
            level: "info",
            source: "task",
            msg: "hello",
            fields: { a: 1 },
          },
        ],
      },
    ],
    claim: () => [claimWith([hashOf(`c${random.between(0, 1_000_000)}`)])],
    ended: () => [attempt],
    fetchValue: () => [attempt, "list"],
    finish: () => [
      {
        ...attempt,
        outcome: random.pick([
          { kind: "succeeded" },
          { kind: "skipped", reason: "fuzz" },
          {
            kind: "failed",
            retry: true,
            error: { kind: "error", name: "Error", message: "fuzz", stack: null, location: null },
          },
          { kind: "rescheduled", at: "2026-12-01T00:00:00Z" },
          { kind: "lost", reason: "fuzz" },
        ]),
        xcoms: [{ key: "return_value", length: null, value: { kind: "value", bytes: value } }],
      },
    ],
    getArtifact: () => ["no-such-artifact"],
    getConnection: () => [attempt, "spare0"],
    getPart: () => [hashOf("part")],
    getVariable: () => [attempt, "spare0"],
    heartbeat: () => [{ workerId, attempts: [attempt] }],
    missingParts: () => [[hashOf("part")]],
    openParseSession: () => [{ id: "00000000-0000-4000-8000-0000000000d0", hostname: "fuzz", pid: 1 }],
    publish: () => [random.percent(30) ? brokenReport : parsedReport],
    pullXCom: () => [attempt, { taskId: "list", key: "return_value" }],
    pushXCom: () => [attempt, "pushed", value],
    putPart: () => [createHash("sha256").update(value).digest("hex"), value],
    registerWorker: () => [worker],
    release: () => [[attempt], "fuzz"],
  };
  return made[method]();
}

function spoiled(random: Random, index: number, attempts: readonly AttemptRef[]): FuzzRequest {
  const method = random.pick(executionMethods);
  const attempt = attempts.length > 0 && random.percent(70) ? random.pick(attempts) : unknownAttempt;
  const args = argsFor(method, attempt, random);
  const message = messageTo(method, args);
  const way = random.between(0, 9);
  if (way < 2) return message;
  if (way < 6) {
    const { value, odd } = mutatedArgs(args, random);
    return { ...messageTo(method, value.map(impatient)), odd: [odd] };
  }
  if (way === 6) return withSender(message, random);
  if (way === 7)
    return {
      ...message,
      headers: [
        ["authorization", "@worker"],
        ["content-type", random.pick(["application/json", "text/plain", ""])],
      ],
      odd: ["content type"],
    };
  return {
    ...message,
    body: { base64: mutatedBytes(Buffer.from(packMessage({ args })), random).toString("base64") },
    odd: [`bytes of ${index}`],
  };
}

/** A claim may wait half a minute for work, rightly: what asks so is made not to. */
const impatient = (arg: unknown): unknown =>
  typeof arg === "object" && arg !== null && Number((arg as { readonly waitMs?: unknown }).waitMs) > 0
    ? { ...arg, waitMs: 100 }
    : arg;

/** Bytes become text in JSON and stay bytes elsewhere: only what is JSON is changed. */
function mutatedArgs(
  args: readonly unknown[],
  random: Random,
): { readonly value: readonly unknown[]; readonly odd: string } {
  if (random.percent(10)) return { value: args.slice(0, -1), odd: "an argument less" };
  const at = random.between(0, args.length - 1);
  const { value, odd } = mutated((args[at] ?? null) as Json, random);
  const name = typeof value === "string" && value.startsWith("@raw:") ? absurdText(random) : value;
  return { value: args.map((one, index) => (index === at ? name : one)), odd: `argument ${at}: ${odd}` };
}

function withSender(message: FuzzRequest, random: Random): FuzzRequest {
  const sender = random.pick(["@admin", "@viewer", "Bearer x", "Bearer a.b.c", ""]);
  const headers = message.headers.filter(([name]) => name !== "authorization");
  return {
    ...message,
    headers: sender === "" ? headers : [...headers, ["authorization", sender]],
    odd: [`sender ${sender || "nobody"}`],
    mustRefuse: true,
  };
}

function mutatedBytes(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  switch (random.between(0, 4)) {
    case 0:
      return copy.subarray(0, random.between(0, copy.length));
    case 1:
      for (let times = random.between(1, 8); times > 0; times--)
        copy[random.between(0, copy.length - 1)] = random.between(0, 255);
      return copy;
    case 2:
      copy.writeUInt32LE(random.pick([0, 1, 0xffffffff, 0x7fffffff, copy.length]), 1);
      return copy;
    case 3:
      return Buffer.concat([copy, Buffer.from([random.between(0, 255)])]);
    default:
      copy[0] = random.between(0, 255);
      return copy;
  }
}
