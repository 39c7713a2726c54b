import { expect, test } from "vitest";
import { describeSchema } from "./describe-schema.ts";
import { ownStore } from "./own-store.ts";

const { client } = await ownStore();

test("schema.sql is what the migrations make (vitest -u writes it)", async () => {
  await expect(await describeSchema(client)).toMatchFileSnapshot("../schema.sql");
});
