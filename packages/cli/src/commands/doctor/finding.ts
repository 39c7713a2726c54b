/** What one check found. */
export interface Finding {
  readonly check: string;
  /** `warn`: it works, but not as it should. `fail`: something does not work until it is corrected. */
  readonly status: "ok" | "warn" | "fail";
  readonly says: string;
  /** What to do about it; null when it is well. */
  readonly next: string | null;
}

export const ok = (check: string, says: string): Finding => ({ check, status: "ok", says, next: null });
export const warn = (check: string, says: string, next: string): Finding => ({ check, status: "warn", says, next });
export const fail = (check: string, says: string, next: string): Finding => ({ check, status: "fail", says, next });
