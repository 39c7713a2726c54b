import type { JsonObject } from "@airloom/core";
import type { EventRow, XComRow } from "./rows.ts";

export interface NewXCom {
  readonly runKey: number;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly key: string;
  readonly value: Uint8Array | null;
  /** Elements of a list that stands apart; null when `value` holds it all. */
  readonly elements: readonly Uint8Array[] | null;
  readonly length: number | null;
}

export interface LogRow {
  readonly attempt: number;
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly ts: number;
  readonly level: string;
  readonly source: string;
  readonly msg: string;
  readonly fields: JsonObject | null;
  readonly group: string | null;
}

/** A value kept encrypted; the store sees bytes only. */
export interface SecretRow {
  readonly key: string;
  readonly value: Uint8Array;
  readonly description: string | null;
  readonly updatedAt: Date;
}

export interface ConnectionRow {
  readonly connectionId: string;
  readonly connType: string;
  readonly description: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly login: string | null;
  readonly schema: string | null;
  /** Encrypted. */
  readonly password: Uint8Array | null;
  /** Encrypted JSON object. */
  readonly extra: Uint8Array | null;
  readonly updatedAt: Date;
}

export interface UserRow {
  readonly username: string;
  readonly passwordHash: string;
  readonly role: "viewer" | "user" | "op" | "admin";
}

export interface ValueVerbs {
  /** Replaces what stood under the same (run, task, map index, key). */
  putXComs(xcoms: readonly NewXCom[]): Promise<void>;
  /** Values of whole tasks, ordered by task and map index. `maxBytes`: larger values come as null, with their size. Elements that stand apart: null, and the size of all. */
  listXComs(
    runKey: number,
    filter: { readonly taskIds: readonly string[]; readonly key: string; readonly maxBytes?: number },
  ): Promise<readonly XComRow[]>;
  findXCom(at: {
    readonly runKey: number;
    readonly taskId: string;
    readonly mapIndex: number;
    readonly key: string;
  }): Promise<XComRow | null>;
  /** Without `index`: all elements in order; with it, the one. */
  listXComElements(at: {
    readonly runKey: number;
    readonly taskId: string;
    readonly mapIndex: number;
    readonly key: string;
    readonly index?: number;
  }): Promise<readonly Uint8Array[]>;
  /** All keys of these instances: a new try starts clean. */
  deleteXComs(
    runKey: number,
    instances: readonly { readonly taskId: string; readonly mapIndex: number }[],
  ): Promise<void>;
  deleteXCom(at: {
    readonly runKey: number;
    readonly taskId: string;
    readonly mapIndex: number;
    readonly key: string;
  }): Promise<boolean>;

  /**
   * Records of one attempt. Those already there (same attempt and seq) are left alone. Returns bytes stored for the attempt so far: the
   * records as JSON; 0 when no record is given.
   */
  appendLogs(taskInstanceId: string, records: readonly LogRow[]): Promise<number>;
  /** Bytes stored for the attempt so far, as `appendLogs` counts them; 0 when there is nothing. */
  countLogBytes(taskInstanceId: string, attempt: number): Promise<number>;
  /** In order of attempt and seq, from just behind `after`. */
  listLogs(filter: {
    readonly taskInstanceId: string;
    readonly attempts: readonly number[];
    readonly after?: { readonly attempt: number; readonly seq: number };
    readonly limit: number;
  }): Promise<readonly LogRow[]>;

  /** By key. */
  listVariables(): Promise<readonly SecretRow[]>;
  findVariables(keys: readonly string[]): Promise<readonly SecretRow[]>;
  putVariable(row: Omit<SecretRow, "updatedAt">): Promise<void>;
  deleteVariable(key: string): Promise<boolean>;
  /** By id. */
  listConnections(): Promise<readonly ConnectionRow[]>;
  findConnection(connectionId: string): Promise<ConnectionRow | null>;
  putConnection(row: Omit<ConnectionRow, "updatedAt">): Promise<void>;
  deleteConnection(connectionId: string): Promise<boolean>;

  findUser(username: string): Promise<UserRow | null>;
  /** By name. */
  listUsers(): Promise<readonly UserRow[]>;
  putUser(user: UserRow): Promise<void>;
  countUsers(): Promise<number>;

  insertEvents(events: readonly Omit<EventRow, "id" | "at">[]): Promise<void>;
}
