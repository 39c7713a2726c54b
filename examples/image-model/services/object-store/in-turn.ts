export type InTurn = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Runs work of the same name one after another: a conditional put must not look while another writes. */
export function createTurns(): InTurn {
  const tails = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const result = (tails.get(name) ?? Promise.resolve()).then(work);
    const tail = result.catch(() => undefined);
    tails.set(name, tail);
    void tail.then(() => {
      if (tails.get(name) === tail) tails.delete(name);
    });
    return result;
  };
}
