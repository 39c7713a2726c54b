import type { AirloomError } from "@airloom/core";
import { encodeValue } from "@airloom/wire";
import { expect, test } from "vitest";
import { trigger } from "../../runs/drive-runs.ts";
import { openTransaction } from "../store/open-transaction.ts";
import { type ExecutionUnderTest, type Held, returned, returnedApart, succeeded } from "./execution-under-test.ts";

/** What the environment of the control plane sets in this suite. */
export const environment = {
  AIRLOOM_VAR_REGION: "of the environment",
  AIRLOOM_CONN_WAREHOUSE: "postgres://ann:s%40fe@db.example:5433/sales?sslmode=require",
  AIRLOOM_CONN_BROKEN: "not a connection",
};

export function valuePromises(given: ExecutionUnderTest): void {
  const running = async () => {
    const { queue, run, dag } = await given.startChain(2);
    return { held: await given.claimOne(queue), run, dag, queue };
  };
  const encrypt = (text: string, place: string) => given.made.deps.secrets.encrypt(text, place);

  test("variables: the environment's first, then what is stored, else null", async () => {
    const { held } = await running();
    await given.store.tx((tx) =>
      tx.putVariable({ key: "colour", value: encrypt("blue", "variable.colour.value"), description: null }),
    );
    for (let time = 0; time < 2; time += 1) {
      expect(await given.execution.getVariable(held.ref, "region")).toBe("of the environment");
      expect(await given.execution.getVariable(held.ref, "colour")).toBe("blue");
      expect(await given.execution.getVariable(held.ref, "nobody")).toBeNull();
    }
  });

  test("connections: the environment's first, then what is stored with its secrets opened, else null", async () => {
    const { held } = await running();
    for (const connectionId of ["warehouse", "mail"])
      await given.store.tx((tx) =>
        tx.putConnection({
          connectionId,
          connType: "smtp",
          description: null,
          host: "mail.example",
          port: 25,
          login: "bob",
          schema: null,
          password: encrypt("hush", `connection.${connectionId}.password`),
          extra: encrypt('{"tls":true}', `connection.${connectionId}.extra`),
        }),
      );
    expect(await given.execution.getConnection(held.ref, "warehouse")).toEqual({
      id: "warehouse",
      type: "postgres",
      host: "db.example",
      port: 5433,
      login: "ann",
      password: "s@fe",
      schema: "sales",
      extra: { sslmode: "require" },
    });
    expect(await given.execution.getConnection(held.ref, "mail")).toEqual({
      id: "mail",
      type: "smtp",
      host: "mail.example",
      port: 25,
      login: "bob",
      password: "hush",
      schema: null,
      extra: { tls: true },
    });
    expect(await given.execution.getConnection(held.ref, "nobody")).toBeNull();
  });

  test("a connection that cannot be read is refused without repeating its secret", async () => {
    const { held } = await running();
    const refusal = given.execution.getConnection(held.ref, "broken");
    await expect(refusal).rejects.toMatchObject({ code: "CONNECTION_INVALID", data: { id: "broken" } });
    await refusal.catch((error: Error) => expect(error.message).not.toContain(environment.AIRLOOM_CONN_BROKEN));
  });

  test("a pushed value replaces the one under its key, and can be pulled", async () => {
    const { held } = await running();
    const query = { taskId: "a", key: "progress" };
    expect(await given.execution.pullXCom(held.ref, query)).toBeNull();
    for (const value of [1, 2, 2]) await given.execution.pushXCom(held.ref, "progress", encodeValue(value));
    expect(await given.execution.pullXCom(held.ref, query)).toEqual(encodeValue(2));
    expect(await given.execution.pullXCom(held.ref, { ...query, mapIndex: 3 })).toBeNull();
    expect(await given.execution.pullXCom(held.ref, { ...query, taskId: "b" })).toBeNull();
  });

  test("values of an earlier task, of another run of the Dag, and nothing of a run that is not there", async () => {
    const first = await running();
    await given.finish(first.held, succeeded, [returned("of the first")]);
    const second = await trigger(given.made.runs, first.dag);
    const held = (await given.claim(first.queue, { slots: 2 })).find(
      ({ workload }) => workload.run.runId === second.runId,
    );
    if (!held) throw new Error("the second run was not claimed");
    const pull = (more: object) => given.execution.pullXCom(held.ref, { taskId: "a", key: "return_value", ...more });
    expect(await pull({})).toBeNull();
    expect(await pull({ runId: first.run.runId })).toEqual(encodeValue("of the first"));
    expect(await pull({ runId: "never" })).toBeNull();
  });

  test("a list whose elements stand apart is pulled as the list it is", async () => {
    const { queue } = await given.start([
      { id: "a", elementwise: true },
      { id: "b", upstream: ["a"] },
    ]);
    await given.finish(await given.claimOne(queue), succeeded, [returnedApart([1, "two"])]);
    const held = await given.claimOne(queue);
    expect(await given.execution.pullXCom(held.ref, { taskId: "a", key: "return_value" })).toEqual(
      encodeValue([1, "two"]),
    );
  });

  test("the value of one instance of a mapped task is pulled by its index", async () => {
    const { queue } = await given.start([
      { id: "each", mapped: true, args: [{ kind: "value", value: [1, 2] }] },
      { id: "after", upstream: ["each"] },
    ]);
    for (const held of await given.claim(queue, { slots: 2 }))
      await given.finish(held, succeeded, [returned(held.workload.mapIndex)]);
    const held = await given.claimOne(queue);
    const query = { taskId: "each", key: "return_value" };
    expect(await given.execution.pullXCom(held.ref, { ...query, mapIndex: 1 })).toEqual(encodeValue(1));
    expect(await given.execution.pullXCom(held.ref, { ...query, mapIndex: 2 })).toBeNull();
  });

  test("a value that is pushed while its task is being cleared is refused, and never stands in the next attempt's way", async () => {
    const { held } = await running();
    const { taskInstanceId: id, attempt } = held.ref;
    const row = await given.store.tx((tx) => tx.findTaskInstance(id));
    const clear = await openTransaction(given.store);
    await clear.tx.lockRuns([row?.runKey ?? 0]);
    await clear.tx.moveTaskInstances([{ id, from: "running", attempt, to: "restarting", set: { dropLease: false } }]);
    await clear.tx.deleteXComs(row?.runKey ?? 0, [{ taskId: row?.taskId ?? "", mapIndex: -1 }]);
    const pushed = given.execution.pushXCom(held.ref, "late", encodeValue(1)).then(
      () => "written",
      (error: AirloomError) => error.code,
    );
    // One that does not wait for the clear has had its time by then.
    const others = async () => {
      for (let looks = 0; looks < 30; looks += 1) await given.store.tx((tx) => tx.findTaskInstance(id));
    };
    await Promise.race([pushed, others()]);
    await clear.commit();
    expect(await pushed).toBe("ATTEMPT_FENCED");
    const at = { runKey: row?.runKey ?? 0, taskId: row?.taskId ?? "", mapIndex: -1, key: "late" };
    expect(await given.store.tx((tx) => tx.findXCom(at))).toBeNull();
  });

  test("none of it is for strangers, nor for an attempt that is over", async () => {
    const { held } = await running();
    const calls = ({ ref }: Held) => [
      given.execution.getVariable(ref, "region"),
      given.execution.getConnection(ref, "warehouse"),
      given.execution.pullXCom(ref, { taskId: "a", key: "k" }),
      given.execution.pushXCom(ref, "k", encodeValue(1)),
      given.execution.fetchValue(ref, "a"),
    ];
    const refused = async (stranger: Held) => {
      for (const answer of await Promise.allSettled(calls(stranger)))
        expect(answer).toMatchObject({ status: "rejected", reason: { code: "ATTEMPT_FENCED", status: 409 } });
    };
    for (const other of [{ token: "forged" }, { attempt: 2 }, { taskInstanceId: "nothing" }])
      await refused({ ...held, ref: { ...held.ref, ...other } });
    await given.finish(held);
    await refused(held);
  });
}
