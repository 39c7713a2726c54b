import { describe, expect, it } from "vitest";
import { closest } from "./closest.ts";

const known = ["daily_orders", "daily_customers", "hourly", "image_model"];

describe("What was probably meant", () => {
  it.each([
    ["daily_order", ["daily_orders"]],
    ["DAILY_ORDERS", ["daily_orders"]],
    ["huorly", ["hourly"]],
    ["daliy_orders", ["daily_orders"]],
    ["image", ["image_model"]],
    ["daily", ["daily_customers", "daily_orders"]],
    ["payroll", []],
    ["x", []],
  ])("%s → %j", (given, meant) => {
    expect(closest(given, known)).toEqual(meant);
  });

  it("is at most three names, the nearest first", () => {
    expect(closest("task_1", ["task_4", "task_2", "task_3", "task_1"])).toEqual(["task_1", "task_2", "task_3"]);
  });

  it("is nothing when nothing is known", () => {
    expect(closest("a", [])).toEqual([]);
  });
});
