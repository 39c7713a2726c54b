import { describe, expect, it } from "vitest";
import { chosenIndexes, findDataFolder, planShards, readShard } from "./data-set.ts";

describe("the choice of images", () => {
  it("cuts each split into shards that hold every chosen image once, spread over the source", () => {
    const shards = planShards({ train: 2_500, "held-back": 300 }, 1_000);
    expect(shards.map(({ split, index }) => `${split} ${index}`)).toEqual([
      "train 0",
      "train 1",
      "train 2",
      "held-back 0",
    ]);
    const train = shards.filter((shard) => shard.split === "train").flatMap(chosenIndexes);
    expect(train).toHaveLength(2_500);
    expect(new Set(train).size).toBe(2_500);
    expect([train[0], train[1], train.at(-1)]).toEqual([0, 24, 59_976]);
  });

  it("refuses more images than there are", () => {
    expect(() => planShards({ train: 60_001, "held-back": 10 }, 1_000)).toThrow(
      "train: expected 1 to 60000 images, got 60001",
    );
  });

  it("reads real digits with their labels", async () => {
    const { labels, pixels } = await readShard(findDataFolder(), { split: "train", index: 0, chosen: 60_000, size: 5 });
    // The first labels of the MNIST training set, as every description of it shows them.
    expect([...labels]).toEqual([5, 0, 4, 1, 9]);
    expect(pixels).toHaveLength(5 * 784);
    expect(Math.max(...pixels)).toBe(255);
  });

  it("takes the data folder that the environment names", () => {
    expect(findDataFolder({ IMAGE_MODEL_DATA: "/data/mnist" })).toBe("/data/mnist");
  });
});
