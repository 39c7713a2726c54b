import type { HintTopic, Store } from "@airloom/store";
import { expect, test } from "vitest";
import { eventually, ownStore } from "./own-store.ts";

const own = await ownStore();
const { client } = own;

const next = (store: Store, topic: HintTopic): Promise<void> =>
  new Promise((resolve) => {
    const stop = store.onHint(topic, () => {
      stop();
      resolve();
    });
  });
const isListening = (count: number) =>
  eventually(
    client,
    `select count(*) = ${count} from pg_stat_activity where datname = current_database()
      and application_name like '%hints' and state = 'idle' and query ~ '^(listen|select pg_notify|select 1)'`,
  );

test("a hint reaches listeners of another process on the same database", async () => {
  const [speaker, listener] = [own.another(), own.another()];
  const heard = next(listener, "queued");
  await isListening(1);
  speaker.hint("queued");
  await heard;
  await Promise.all([speaker.close(), listener.close()]);
});

test("a storm of hints becomes a few notifications, and the last one is not lost", async () => {
  const [speaker, listener] = [own.another(), own.another()];
  let count = 0;
  listener.onHint("wakeup", () => {
    count += 1;
  });
  const last = next(listener, "admission");
  await isListening(1);
  for (let turn = 0; turn < 1_000; turn += 1) speaker.hint("wakeup");
  await speaker.close();
  const other = own.another();
  other.hint("admission");
  await last;
  expect(count).toBeGreaterThanOrEqual(1);
  expect(count).toBeLessThanOrEqual(3);
  await Promise.all([other.close(), listener.close()]);
});

test("after the connection broke the listeners are called once, and hints come again", async () => {
  const [speaker, listener] = [own.another(), own.another()];
  const warm = next(listener, "runs");
  await isListening(1);
  const afterBreak = next(listener, "dags");
  await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like '%hints'",
  );
  await afterBreak;
  await warm;
  await isListening(1);
  const again = next(listener, "runs");
  speaker.hint("runs");
  await again;
  await Promise.all([speaker.close(), listener.close()]);
});

test("a store that is closed while it connects closes", async () => {
  const store = own.another();
  store.onHint("queued", () => {});
  await store.close();
  store.hint("queued");
});
