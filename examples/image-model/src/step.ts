/** What every step of the pipeline gets beside its inputs. */
export interface StepOptions {
  /** Aborted on timeout, on clearing and on shutdown: the step ends at the next sensible place by throwing its reason. */
  readonly signal?: AbortSignal | undefined;
  /** One line for the task's log. */
  readonly log: (line: string) => void;
}
