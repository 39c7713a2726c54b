/** Lets the first call through at once and merges those that follow within the pause into one at its end. */
export interface Coalescer {
  call(): void;
  /** Sends what waits now, and nothing afterwards. */
  stop(): void;
}

/** @param pauseMs least time between two calls of `send`, in milliseconds. */
export function coalesce(send: () => void, pauseMs: number): Coalescer {
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  let stopped = false;
  const open = (): void => {
    timer = undefined;
    if (again) sendAndPause();
  };
  const sendAndPause = (): void => {
    again = false;
    // A pause alone does not keep the process alive.
    timer = setTimeout(open, pauseMs).unref();
    send();
  };
  return {
    call: () => {
      if (stopped) return;
      if (timer) again = true;
      else sendAndPause();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      if (again) send();
      again = false;
    },
  };
}
