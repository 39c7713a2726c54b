let last = 0;

/**
 * An id that nothing else in this process has; later ones sort behind earlier ones.
 * @example someId("pool") // "pool_00001"
 */
export const someId = (kind: string): string => {
  last += 1;
  return `${kind}_${String(last).padStart(5, "0")}`;
};
