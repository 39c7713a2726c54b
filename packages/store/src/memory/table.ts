import { type RowHolder, RowLock } from "./row-lock.ts";

export type Key = string | number;

/**
 * A row in its two versions: what is committed, and what the one transaction that holds its lock has written (`undefined`: no row).
 * One pending version is enough, because a second writer waits.
 */
interface Cell<Row> {
  readonly key: Key;
  readonly lock: RowLock;
  committed: Row | undefined;
  /** `reborn`: the writer deleted the row and inserted another under its key. */
  pending: { readonly row: Row | undefined; readonly reborn: boolean } | null;
  /** Grows when the key's row is another one: whoever waited for the earlier one finds it gone. */
  life: number;
  /** Where the indexes hold it now: for each, the values of both versions. */
  indexed: readonly (readonly Key[])[];
}

interface Index<Row> {
  readonly indexValue: (row: Row) => Key | null;
  readonly cells: Map<Key, Set<Cell<Row>>>;
}

export interface TableOptions<Row, IndexName extends string> {
  readonly keyOf: (row: Row) => Key;
  readonly indexes?: Readonly<Record<IndexName, (row: Row) => Key | null>>;
}

/** Hears of a row that a commit changed: as it was, and as it is now. */
export type RowListener<Row> = (before: Row | undefined, after: Row | undefined) => void;

/** Rows by key. Whoever reads sees committed rows and the own transaction's writes; whoever writes holds the row's lock. */
export class Table<Row, IndexName extends string = never> {
  readonly #keyOf: (row: Row) => Key;
  readonly #cells = new Map<Key, Cell<Row>>();
  readonly #indexes: readonly Index<Row>[];
  readonly #indexNames: readonly string[];
  #listener: RowListener<Row> | null = null;

  constructor({ keyOf, indexes }: TableOptions<Row, IndexName>) {
    this.#keyOf = keyOf;
    const named = Object.entries<(row: Row) => Key | null>(indexes ?? {});
    this.#indexNames = named.map(([name]) => name);
    this.#indexes = named.map(([, indexValue]) => ({ indexValue, cells: new Map() }));
  }

  watch(listener: RowListener<Row>): void {
    this.#listener = listener;
  }

  get(at: RowHolder, key: Key): Row | undefined {
    const cell = this.#cells.get(key);
    return cell && visible(at, cell);
  }

  list(at: RowHolder): Row[] {
    return rowsOf(at, this.#cells.values());
  }

  /** Rows whose indexed value is this one. An index may hold more (both versions of a row); what is visible decides. */
  listBy(at: RowHolder, name: IndexName, value: Key): Row[] {
    const index = this.#indexes[this.#indexNames.indexOf(name)];
    if (!index) throw new Error(`no index ${name}`);
    return rowsOf(at, index.cells.get(value) ?? []).filter((row) => index.indexValue(row) === value);
  }

  /** A row that another transaction is writing and that has this value of an index before or after that. */
  writtenByOther(at: RowHolder, name: IndexName, value: Key): Key | undefined {
    for (const cell of this.#indexes[this.#indexNames.indexOf(name)]?.cells.get(value) ?? [])
      if (cell.pending && cell.lock.holder !== at) return cell.key;
    return undefined;
  }

  /** Waits for the row's lock and returns the row as it is then. A row that is not there is not locked. */
  async lock(at: RowHolder, key: Key): Promise<Row | undefined> {
    const cell = this.#cells.get(key);
    if (!cell || cell.committed === undefined) return cell && visible(at, cell);
    const [before, life] = [at.mark, cell.life];
    await this.#hold(at, cell);
    if (cell.life === life) return visible(at, cell);
    at.releaseSince(before);
    return undefined;
  }

  /** Locks without waiting: false when another transaction holds the row. */
  tryLock(at: RowHolder, key: Key): boolean {
    const cell = this.#cells.get(key);
    if (!cell) return true;
    const had = cell.lock.holder === at;
    if (!cell.lock.take(at)) return false;
    if (!had) at.hold(cell, () => this.#settle(cell, at));
    return true;
  }

  /** Writes a row of one's own or of nobody's: lock it first where others may write it. */
  put(at: RowHolder, row: Row): void {
    this.#write(at, this.#cellOf(this.#keyOf(row)), row);
  }

  delete(at: RowHolder, key: Key): void {
    const cell = this.#cells.get(key);
    if (cell) this.#write(at, cell, undefined);
  }

  /** False when the key is taken. Waits while another transaction is writing a row of this key, as a unique index does. */
  async insert(at: RowHolder, row: Row): Promise<boolean> {
    const key = this.#keyOf(row);
    await this.othersWrote(at, key);
    if (this.get(at, key) !== undefined) return false;
    const cell = this.#cellOf(key);
    await this.#hold(at, cell);
    this.#write(at, cell, row);
    return true;
  }

  /** Waits until no other transaction has an open write of this key, without keeping the lock. True if it had to wait. */
  async othersWrote(at: RowHolder, key: Key): Promise<boolean> {
    const cell = this.#cells.get(key);
    if (!cell?.pending || cell.lock.holder === at) return false;
    const before = at.mark;
    await this.#hold(at, cell);
    at.releaseSince(before);
    return true;
  }

  /** Inserts or replaces; `make` sees the row there is once it is locked. */
  async upsert(at: RowHolder, key: Key, make: (existing: Row | undefined) => Row): Promise<Row> {
    const cell = this.#cellOf(key);
    await this.#hold(at, cell);
    const row = make(visible(at, cell));
    this.#write(at, cell, row);
    return row;
  }

  /**
   * Replaces a row by what `make` makes of it; undefined when there is none or it does not fit. A row that does not fit is neither
   * waited for nor locked; one that was waited for is judged anew, and stays locked whether it still fits or not, as in PostgreSQL.
   */
  async update(at: RowHolder, key: Key, make: (row: Row) => Row | undefined): Promise<Row | undefined> {
    return (await this.updateMany(at, [{ key, make }]))[0];
  }

  /** The same for several rows: which of them fit is judged when it begins, then they are locked one after another. */
  async updateMany(
    at: RowHolder,
    changes: readonly { readonly key: Key; readonly make: (row: Row) => Row | undefined }[],
  ): Promise<Row[]> {
    const fitting = changes.filter(({ key, make }) => {
      const row = this.get(at, key);
      return row !== undefined && make(row) !== undefined;
    });
    const updated: Row[] = [];
    for (const { key, make } of fitting) {
      const row = await this.lock(at, key);
      const next = row && make(row);
      if (!next) continue;
      this.put(at, next);
      updated.push(next);
    }
    return updated;
  }

  /** Locks the row and deletes it: false when there is none. */
  async remove(at: RowHolder, key: Key): Promise<boolean> {
    if ((await this.lock(at, key)) === undefined) return false;
    this.delete(at, key);
    return true;
  }

  #cellOf(key: Key): Cell<Row> {
    const known = this.#cells.get(key);
    if (known) return known;
    const cell: Cell<Row> = { key, lock: new RowLock(), committed: undefined, pending: null, life: 0, indexed: [] };
    this.#cells.set(key, cell);
    return cell;
  }

  async #hold(at: RowHolder, cell: Cell<Row>): Promise<void> {
    if (cell.lock.holder === at) return;
    if (!cell.lock.take(at)) await cell.lock.wait(at);
    at.hold(cell, () => this.#settle(cell, at));
  }

  #write(at: RowHolder, cell: Cell<Row>, row: Row | undefined): void {
    if (!this.tryLock(at, cell.key)) throw new Error(`row ${cell.key} was written without its lock`);
    const reborn =
      cell.pending !== null && (cell.pending.reborn || (cell.pending.row === undefined && row !== undefined));
    cell.pending = { row, reborn };
    this.#reindex(cell);
  }

  /** The end of a transaction for one row: its write becomes the committed version or vanishes, and the next one gets the lock. */
  #settle(cell: Cell<Row>, at: RowHolder): void {
    if (at.committed && cell.pending) {
      this.#listener?.(cell.committed, cell.pending.row);
      cell.committed = cell.pending.row;
      cell.life += cell.pending.reborn ? 1 : 0;
    }
    cell.pending = null;
    this.#reindex(cell);
    cell.lock.release();
    if (cell.committed === undefined && cell.lock.idle) this.#cells.delete(cell.key);
  }

  #reindex(cell: Cell<Row>): void {
    const rows = [cell.committed, cell.pending?.row].filter((row) => row !== undefined);
    const before = cell.indexed;
    cell.indexed = this.#indexes.map(({ indexValue }) => rows.map(indexValue).filter((value) => value !== null));
    for (const [position, { cells }] of this.#indexes.entries()) {
      const now = cell.indexed[position] ?? [];
      for (const value of before[position] ?? []) if (!now.includes(value)) forget(cells, value, cell);
      for (const value of now) remember(cells, value, cell);
    }
  }
}

function visible<Row>(at: RowHolder, cell: Cell<Row>): Row | undefined {
  return cell.pending && cell.lock.holder === at ? cell.pending.row : cell.committed;
}

function rowsOf<Row>(at: RowHolder, cells: Iterable<Cell<Row>>): Row[] {
  const rows: Row[] = [];
  for (const cell of cells) {
    const row = visible(at, cell);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

function remember<Row>(cells: Map<Key, Set<Cell<Row>>>, value: Key, cell: Cell<Row>): void {
  const set = cells.get(value);
  if (set) set.add(cell);
  else cells.set(value, new Set([cell]));
}

function forget<Row>(cells: Map<Key, Set<Cell<Row>>>, value: Key, cell: Cell<Row>): void {
  const set = cells.get(value);
  set?.delete(cell);
  if (set?.size === 0) cells.delete(value);
}
