import type { LogRow } from "@airloom/store";
import type { LogRecord } from "@airloom/wire";
import { expect, test } from "vitest";
import { settle } from "../../runs/drive-runs.ts";
import { type ExecutionUnderTest, failed, type Held } from "./execution-under-test.ts";

/** What the control plane of this suite keeps of one attempt, bytes. */
export const maxLogBytes = 8_000;

const line = (seq: number, given: Partial<LogRecord> = {}): LogRecord => ({
  seq,
  ts: 1_700_000_000_000 + seq,
  level: "info",
  source: "stdout",
  msg: `line ${seq}`,
  ...given,
});

export function logPromises(given: ExecutionUnderTest): void {
  const append = (held: Held, records: readonly LogRecord[]) =>
    given.execution.appendLogs({ attempt: held.ref, records });
  const read = (held: Held): Promise<readonly LogRow[]> =>
    given.store.tx((tx) =>
      tx.listLogs({ taskInstanceId: held.ref.taskInstanceId, attempts: [held.ref.attempt], limit: 10_000 }),
    );
  const seqs = async (held: Held) => (await read(held)).map(({ seq }) => seq);
  const running = async (task = {}) => {
    const { queue } = await given.start([{ id: "a", ...task }]);
    return { queue, held: await given.claimOne(queue) };
  };

  test("records are kept as they were sent, in their order", async () => {
    const { held } = await running();
    const rich = line(1, {
      level: "error",
      source: "task",
      fields: { rows: 3 },
      group: "load",
      msg: "tab\t ünï \u0000",
    });
    await append(held, [rich, line(0)]);
    const base = { attempt: 1, fields: null, group: null };
    expect(await read(held)).toEqual([
      { ...base, ...line(0) },
      { ...base, ...rich },
    ]);
  });

  test("a batch that is sent again, or overlaps the one before, adds nothing twice", async () => {
    const { held } = await running();
    await append(held, [line(0), line(1)]);
    await append(held, [line(0), line(1)]);
    await append(held, [line(1), line(2)]);
    await Promise.all([append(held, [line(3), line(4)]), append(held, [line(3), line(4)])]);
    await append(held, []);
    expect(await seqs(held)).toEqual([0, 1, 2, 3, 4]);
  });

  test("last words after the outcome are kept", async () => {
    const { held } = await running();
    await append(held, [line(0)]);
    await given.finish(held);
    await append(held, [line(1)]);
    expect(await seqs(held)).toEqual([0, 1]);
  });

  test("each attempt has its own log, and the older one may still say something", async () => {
    const { held, queue } = await running({ retries: 1, retryDelaySeconds: 0 });
    await append(held, [line(0)]);
    await given.finish(held, failed);
    await settle(given.made.runs.deps);
    const second = await given.claimOne(queue);
    await append(second, [line(0, { msg: "second" })]);
    await append(held, [line(1, { msg: "late" })]);
    expect((await read(held)).map(({ msg }) => msg)).toEqual(["line 0", "late"]);
    expect((await read(second)).map(({ msg }) => msg)).toEqual(["second"]);
  });

  test("strangers are refused: another token, an attempt that never was, nothing at all", async () => {
    const { held, queue } = await running();
    const others = [
      { token: "forged" },
      { attempt: 2 },
      { attempt: 0 },
      { attempt: 99 },
      { taskInstanceId: "nothing" },
    ];
    for (const other of others) {
      const refusal = append({ ...held, ref: { ...held.ref, ...other } }, [line(0)]);
      await expect(refusal).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    }
    await given.execution.release([held.ref], "drained");
    await settle(given.made.runs.deps);
    const queued = append({ ...held, ref: { ...held.ref, attempt: 2 } }, [line(0)]);
    await expect(queued).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
    expect(await seqs(await given.claimOne(queue))).toEqual([]);
  });

  test("a log at its cap is cut once and says so; what follows is dropped, but for the system's last words", async () => {
    const { held } = await running();
    const text = "x".repeat(500);
    const all = Array.from({ length: 60 }, (_, seq) => line(seq, { msg: text }));
    for (let first = 0; first < all.length; first += 7) await append(held, all.slice(first, first + 7));
    // Sent again after a lost reply.
    await append(held, all.slice(0, 7));
    await append(held, all.slice(-7));
    await append(held, [line(60), line(61, { source: "airloom", level: "warn", msg: "killed by SIGKILL" })]);
    const kept = await read(held);
    const cut = kept.filter(({ msg }) => msg.includes("has reached"));
    expect(cut).toHaveLength(1);
    expect(cut[0]?.msg).toContain(`${maxLogBytes} bytes`);
    expect(kept.length).toBeGreaterThan(5);
    expect(kept.length).toBeLessThan(30);
    expect(kept.map(({ seq }) => seq)).toEqual([...kept.slice(0, -1).keys(), 61]);
    expect(kept.at(-1)?.msg).toBe("killed by SIGKILL");
    expect(JSON.stringify(kept).length).toBeLessThan(maxLogBytes * 1.5);
  });

  test("one batch larger than the cap is cut within", async () => {
    const { held } = await running();
    await append(held, [
      line(0, { msg: "y".repeat(3 * maxLogBytes), fields: { big: "z".repeat(maxLogBytes) } }),
      line(1),
    ]);
    const kept = await read(held);
    expect(kept.map(({ seq }) => seq)).toEqual([0]);
    expect(kept[0]?.msg.length).toBeLessThan(maxLogBytes + 200);
  });
}
