import { expect, test } from "vitest";
import { describeCron } from "./cron-description.ts";
import { parseCron } from "./cron-expression.ts";

test.each([
  ["0 6 * * *", "At 06:00"],
  ["* * * * *", "Every minute"],
  ["*/15 * * * *", "Every 15 minutes"],
  ["*/15 9-17 * * MON-FRI", "Every 15 minutes of the hours from 09 to 17 on Monday to Friday"],
  ["@hourly", "At minute 0 of every hour"],
  ["7,37 * * * *", "At minutes 7 and 37 of every hour"],
  ["0 */2 * * *", "At minute 0 of every second hour"],
  ["0 0,12 * * *", "At 00:00 and 12:00"],
  ["0 0 L * FRI#2", "At 00:00 on the last day of the month or on the second Friday of the month"],
  ["5 4 1,15 */3 *", "At 04:05 on day 1 and day 15 of the month in January, April, July and October"],
  ["0 0 15W * *", "At 00:00 on the weekday nearest day 15 of the month"],
  ["0 0 * * L0", "At 00:00 on the last Sunday of the month"],
])("%s reads %j", (text, expected) => {
  expect(describeCron(parseCron(text))).toBe(expected);
});
