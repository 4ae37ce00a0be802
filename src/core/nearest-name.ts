/** "Did you mean": the name that somebody probably meant. */
import { distance } from 'fastest-levenshtein';

/** The nearest of `names`, whatever its case; undefined where none is near: within a third of its letters, and three at most. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, edits: distance(name.toLowerCase(), given.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.min(3, Math.ceil(name.length / 3)))
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.name ?? names.find((name) => given.length >= 4 && name.includes(given.toLowerCase()));
}
