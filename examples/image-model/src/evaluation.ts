import { z } from "zod";

/** Shares of right answers (0 to 1) on held-back images. */
export const evaluationSchema = z.object({
  images: z.int().positive(),
  accuracy: z.number(),
  /** Of a linear model fitted to the same training images. */
  baseline: z.number(),
  /** Of the images of each digit. */
  perDigit: z.array(z.number()),
  /** The model served at that time, on the same images. */
  deployed: z.object({ version: z.string(), accuracy: z.number() }).nullable(),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
