/** Version of what supervisor and child say to each other. Both come from one build; a difference means a broken install. */
export const parseProtocol = 1;

/** The socket on which the two speak, apart from whatever author code prints. */
export const channelFd = 3;

/** One file to load. */
export interface LoadRequest {
  readonly id: number;
  /** Absolute path of the module to import. */
  readonly entry: string;
  readonly maxDags: number;
  readonly maxSpecBytes: number;
  /** Loads it again, later and with the opposite of these chances; null: for the first time. */
  readonly opposite: readonly number[] | null;
}

export type ChildMessage =
  | { readonly kind: "ready"; readonly protocol: number }
  | {
      readonly kind: "loaded";
      readonly id: number;
      readonly dags: readonly { readonly dagId: string; readonly spec: unknown }[];
      /** The top of the file asked for the time or for chance, and was given these; null: it did not. */
      readonly chances: readonly number[] | null;
      /** What the file left behind in the process, in words; a child with any is replaced. */
      readonly leftovers: readonly string[];
    }
  | { readonly kind: "failed"; readonly id: number; readonly failure: LoadFailure };

/** Why a file did not load, as the child saw it: positions are those of the bundle. */
export interface LoadFailure {
  readonly kind: "throw" | "resolve" | "spec" | "duplicate" | "nondeterministic" | "limit" | "memory";
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly hint: string | null;
}
