/** What crosses a task boundary as it is. */
export type Primitive = string | number | boolean | bigint | null | undefined | Date | ArrayBuffer | ArrayBufferView;

/**
 * Why a value of type T cannot cross a task boundary; `never` if it can. Looks six levels deep, so that recursive types end;
 * the run time checks the rest.
 */
export type Problem<T, Depth extends 0[] = []> = 0 extends 1 & T
  ? never // any: the run time checks it
  : Depth["length"] extends 6
    ? never
    : T extends void
      ? never
      : T extends Primitive
        ? never
        : T extends (...args: never[]) => unknown
          ? "a function cannot leave a task"
          : T extends symbol
            ? "a symbol cannot leave a task"
            : T extends PromiseLike<unknown>
              ? "a promise cannot leave a task"
              : T extends ReadonlyMap<infer K, infer V>
                ? Problem<K, [...Depth, 0]> | Problem<V, [...Depth, 0]>
                : T extends ReadonlySet<infer E>
                  ? Problem<E, [...Depth, 0]>
                  : T extends readonly (infer E)[]
                    ? Problem<E, [...Depth, 0]>
                    : T extends object
                      ? { [K in keyof T]-?: Problem<T[K], [...Depth, 0]> }[keyof T]
                      : never;

/** Nothing more to ask of a result that may leave a task; else a property that no function has, named for the reason. */
export type Serializable<R> = [Problem<R>] extends [never] ? unknown : { readonly problem: Problem<R> };
