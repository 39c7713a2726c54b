/** Who holds locks: an open transaction. It waits for at most one lock at a time, because its statements run one after another. */
export interface LockOwner {
  waitingFor: RowLock | null;
}

/** What a table needs of the transaction it is used in: locks that are held until its end, and whether it lasted. */
export interface RowHolder extends LockOwner {
  readonly committed: boolean;
  /** The rows held so far. */
  readonly mark: number;
  hold(cell: object, settle: () => void): void;
  releaseSince(mark: number): void;
}

/** Waiting would never end: PostgreSQL's 40P01. The transaction rolls back and is tried again. */
export class DeadlockError extends Error {
  constructor() {
    super("deadlock detected: two transactions wait for rows that the other one holds");
    this.name = "DeadlockError";
  }
}

interface Waiter {
  readonly owner: LockOwner;
  readonly granted: () => void;
}

/** An exclusive lock on one row, handed on in the order of asking. */
export class RowLock {
  holder: LockOwner | null = null;
  #waiters: Waiter[] = [];

  /** Takes the lock if it is free or already the owner's. */
  take(owner: LockOwner): boolean {
    if (this.holder === null) this.holder = owner;
    return this.holder === owner;
  }

  /** Waits until the lock is the owner's. Whoever would close a circle of waiting is refused: it asked last. */
  async wait(owner: LockOwner): Promise<void> {
    if (closesCircle(owner, this)) throw new DeadlockError();
    owner.waitingFor = this;
    await new Promise<void>((granted) => {
      this.#waiters.push({ owner, granted });
    });
  }

  /** Hands the lock to the first who waits, so that nobody can slip in before. */
  release(): void {
    const next = this.#waiters.shift();
    this.holder = next?.owner ?? null;
    if (!next) return;
    next.owner.waitingFor = null;
    next.granted();
  }

  get idle(): boolean {
    return this.holder === null && this.#waiters.length === 0;
  }
}

/** Each owner waits for one lock and each lock has one holder, so the chain from here has no branches. */
function closesCircle(owner: LockOwner, lock: RowLock): boolean {
  for (let at: RowLock | null = lock; at; at = at.holder?.waitingFor ?? null) {
    if (at.holder === owner) return true;
  }
  return false;
}
