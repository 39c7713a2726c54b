import { dag } from "airloom";

// A file that does not load: a home has import errors, too.
const settings: Readonly<Record<string, string>> = {};
if (!settings.region) throw new Error("the region is not set");

export default dag("populated_broken", {}, () => {});
