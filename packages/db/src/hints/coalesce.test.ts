import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { coalesce } from "./coalesce.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("the first call goes through at once, those within the pause become one at its end", () => {
  const send = vi.fn();
  const { call } = coalesce(send, 100);
  call();
  expect(send).toHaveBeenCalledTimes(1);
  for (let turn = 0; turn < 50; turn += 1) call();
  expect(send).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(100);
  expect(send).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1_000);
  expect(send).toHaveBeenCalledTimes(2);
});

test("a steady stream goes through ten times a second", () => {
  const send = vi.fn();
  const { call } = coalesce(send, 100);
  for (let ms = 0; ms < 1_000; ms += 5) {
    call();
    vi.advanceTimersByTime(5);
  }
  expect(send.mock.calls.length).toBeGreaterThanOrEqual(10);
  expect(send.mock.calls.length).toBeLessThanOrEqual(11);
});

test("what waits when it is stopped is sent then, and nothing afterwards", () => {
  const send = vi.fn();
  const { call, stop } = coalesce(send, 100);
  call();
  call();
  stop();
  expect(send).toHaveBeenCalledTimes(2);
  call();
  vi.advanceTimersByTime(1_000);
  expect(send).toHaveBeenCalledTimes(2);
});
