/**
 * What JSON has no form for is written as `{"$": [tag, …]}`. An object of the author's that has a `$` key is itself written
 * with a tag, so that no value can be mistaken for one.
 *
 * | tag | then | value |
 * |---|---|---|
 * | `undefined` | | `undefined` |
 * | `number` | `NaN`, `Infinity`, `-Infinity`, `-0` | that number |
 * | `string` | its JSON text | a string that `jsonb` would refuse (NUL, lone surrogates); in Specs only |
 * | `bigint` | decimal text | a BigInt |
 * | `date` | ISO-8601 | a Date |
 * | `map` | key, value, key, value … | a Map |
 * | `set` | elements | a Set |
 * | `bytes` | kind, base64; in value bytes: kind, length | an ArrayBuffer, typed array or DataView |
 * | `object` | key, value … | a plain object with a `$` key |
 * | `bare` | key, value … | an object without prototype |
 */
export const tagKey = "$";

/** Levels of nesting a value may have. `JSON.stringify` gives up at about 4,100 on Node's default stack, and a Map takes two. */
export const maxValueDepth = 2_000;
