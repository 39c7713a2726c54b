import type { Store, Tx } from "@airloom/store";

/** A transaction that stays open while the test does other things. */
export interface OpenTransaction {
  readonly tx: Tx;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

const undone = new Error("rolled back by the test");

/** Opens a transaction that ends when told, and not before. */
export async function openTransaction(store: Store): Promise<OpenTransaction> {
  let end: (how: "commit" | "rollback") => void = () => {};
  const ended = new Promise<"commit" | "rollback">((resolve) => {
    end = resolve;
  });
  let done: Promise<void> = Promise.resolve();
  const tx = await new Promise<Tx>((opened, failed) => {
    done = store.tx(async (own) => {
      opened(own);
      if ((await ended) === "rollback") throw undone;
    });
    done.catch(failed);
  });
  return {
    tx,
    commit: () => {
      end("commit");
      return done;
    },
    rollback: async () => {
      end("rollback");
      await done.catch(() => {});
    },
  };
}
