import { context, cron, dag, every, task } from "airloom";

export const sayWhen = task("say_when", (logicalDate: Date, runAfter: Date) => {
  console.log(`run for ${logicalDate.toISOString()}, due at ${runAfter.toISOString()}`);
  return context().run.runType;
});

const tags = ["example", "basics"];

/** At six in the morning in London, on working days: 05:00 UTC in summer, 06:00 UTC in winter. */
export const weekdays = dag(
  "basics_schedule",
  {
    description: "Six o'clock in London, Monday to Friday",
    tags,
    schedule: cron("0 6 * * 1-5", { timezone: "Europe/London" }),
    startDate: "2026-01-01",
    // Without `catchup`, of all that is past only the newest run is made: the last time the clock showed six.
    catchup: false,
  },
  ({ run }) => sayWhen(run.logicalDate, run.runAfter),
);

/** A fixed time apart, whatever the clocks do. */
export const everySixHours = dag(
  "basics_schedule_every",
  { description: "Every six hours", tags, schedule: every("6h"), startDate: "2026-01-01", maxActiveRuns: 1 },
  ({ run }) => sayWhen(run.logicalDate, run.runAfter),
);
