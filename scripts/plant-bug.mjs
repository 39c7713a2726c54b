/**
 * A source with one bug in it.
 * @throws when the text does not stand there exactly once: a planted bug that no longer applies proves nothing.
 */
export function plantIn(source, { id, file, find, replace }) {
  const times = source.split(find).length - 1;
  if (times !== 1) throw new Error(`${id}: the text to replace stands ${times} times in ${file}`);
  return source.replace(find, () => replace);
}
