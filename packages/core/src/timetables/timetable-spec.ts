/** A schedule as plain data, as it stands in the stored Dag spec. `point`: a run at each instant; `data`: a run per interval, after its end. */
export type TimetableSpec =
  | { readonly kind: "none" }
  | { readonly kind: "once" }
  | { readonly kind: "continuous" }
  | {
      readonly kind: "cron";
      readonly expressions: readonly string[];
      readonly timezone: string;
      readonly interval: "point" | "data";
    }
  | { readonly kind: "delta"; readonly seconds: number; readonly interval: "point" | "data" };
