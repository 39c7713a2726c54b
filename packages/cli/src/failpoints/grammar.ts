import { AirloomError, type FailpointAction, failpoints, listedFailpoint } from "@airloom/core";

/** What is to happen at one failpoint. */
export interface ArmedFailpoint {
  readonly name: string;
  readonly action: FailpointAction;
  /** Of `sleep`. */
  readonly ms: number;
  /** The first time that counts: 1 = the first time anyone comes by. */
  readonly from: number;
  /** How many times from then on. */
  readonly times: number;
}

const shape = /^(?<name>[^=]+)=(?<action>[a-z]+)(?::(?<ms>\d+))?(?:\*(?<times>\d+))?(?:@(?<from>\d+))?$/;

/**
 * Reads `AIRLOOM_FAILPOINTS`: `point=action[:ms][*count][@nth]`, several separated by semicolons. Count and nth are 1 when they are
 * left out.
 * @throws FAILPOINTS_INVALID
 * @example parseFailpoints("api.finish.after_commit=droprep*2@5; worker.spawn=sleep:300");
 */
export function parseFailpoints(text: string): readonly ArmedFailpoint[] {
  return text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(parseOne);
}

function parseOne(part: string): ArmedFailpoint {
  const refuse = (reason: string) => new AirloomError("FAILPOINTS_INVALID", { reason, part });
  const { name = "", action = "", ms, times = "1", from = "1" } = shape.exec(part)?.groups ?? {};
  if (name === "") throw refuse("this cannot be read");
  const listed = listedFailpoint(name.trim());
  if (!listed) throw refuse(`there is no failpoint "${name}"`);
  const actions: readonly string[] = failpoints[listed][0];
  if (!actions.includes(action)) throw refuse(`"${action}" is none of ${actions.join(", ")}`);
  if ((action === "sleep") !== (ms !== undefined)) throw refuse("sleep, and nothing else, needs milliseconds");
  if (Number(times) < 1 || Number(from) < 1) throw refuse("count and nth are 1 or more");
  return {
    name: name.trim(),
    action: action as FailpointAction,
    ms: Number(ms ?? 0),
    times: Number(times),
    from: Number(from),
  };
}
