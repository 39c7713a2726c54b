/** Colours for a terminal, or none at all. */
export type Paint = (text: string, state: string) => string;

const codes: Readonly<Record<string, number>> = {
  success: 32,
  healthy: 32,
  ok: 32,
  running: 36,
  queued: 90,
  scheduled: 90,
  failed: 31,
  fail: 31,
  unhealthy: 31,
  upstream_failed: 33,
  up_for_retry: 33,
  warn: 33,
  skipped: 35,
};

/** @param colour Whether the reader is a terminal that wants it (NO_COLOR of no-color.org is not set). */
export const createPaint =
  (colour: boolean): Paint =>
  (text, state) => {
    const code = codes[state];
    return colour && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text;
  };
