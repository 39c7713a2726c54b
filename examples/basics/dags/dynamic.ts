import { cron, dag, task } from "airloom";
import cities from "./cities.json";

export const distanceToEquator = task("distance_to_equator", (latitude: number) => Math.abs(latitude) * 111.2);

export const print = task("print", (city: string, kilometres: number) => {
  console.log(`${city} is ${Math.round(kilometres)} km from the equator`);
});

/**
 * One Dag for each row of a list. Add a row, and its Dag comes within seconds; remove one, and its Dag goes, its history stays.
 * The row is given as `data`, so that editing it makes a new version of this Dag alone.
 */
export default cities.map((row) =>
  dag(
    `basics_city_${row.city.toLowerCase()}`,
    {
      description: `Made from the row of ${row.city}`,
      tags: ["example", "basics", "dynamic"],
      schedule: cron("0 7 * * *", { timezone: row.timezone }),
      startDate: "2026-01-01",
      data: row,
    },
    ({ data }) => print(data.city, distanceToEquator(data.latitude)),
  ),
);
