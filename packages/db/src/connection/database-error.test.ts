import { AirloomError } from "@airloom/core";
import pg from "pg";
import { expect, test } from "vitest";
import { asAirloomError, isConnectionLoss, isTransient } from "./database-error.ts";

const databaseError = (code: string, severity = "ERROR"): pg.DatabaseError => {
  const error = new pg.DatabaseError(`error ${code}`, 0, "error");
  error.code = code;
  error.severity = severity;
  return error;
};
const systemError = (code: string) => Object.assign(new Error(code), { code });

test.each([
  ["57P01 admin shutdown", databaseError("57P01", "FATAL")],
  ["57P03 starting up", databaseError("57P03", "FATAL")],
  ["53300 too many clients", databaseError("53300", "FATAL")],
  ["08006 connection failure", databaseError("08006")],
  ["25P03 idle in transaction", databaseError("25P03", "FATAL")],
  ["ECONNREFUSED", systemError("ECONNREFUSED")],
  ["ENOENT of a socket", systemError("ENOENT")],
  ["the driver's own words", new Error("Connection terminated unexpectedly")],
])("%s is a lost connection", (_, error) => {
  expect(isConnectionLoss(error)).toBe(true);
  expect(asAirloomError(error, "undone")).toMatchObject({ code: "DATABASE_UNREACHABLE" });
});

test.each([databaseError("23505"), databaseError("40P01"), new Error("mine"), "text"])("%s is not", (error) => {
  expect(isConnectionLoss(error)).toBe(false);
  expect(asAirloomError(error, "undone")).toBe(error);
});

test("victims of deadlocks and of serialization are tried again, nothing else is", () => {
  expect([databaseError("40P01"), databaseError("40001")].every(isTransient)).toBe(true);
  expect([databaseError("23505"), databaseError("57014"), new Error("40P01")].some(isTransient)).toBe(false);
});

test("an outcome that is not known is said to be so", () => {
  const error = asAirloomError(new Error("Connection terminated"), "unknown");
  expect(error).toBeInstanceOf(AirloomError);
  expect(String(error)).toMatch(/not known/);
});
