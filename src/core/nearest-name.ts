/** "Did you mean": the name that was probably meant. */
import { distance } from 'fastest-levenshtein';

/** Beyond a third of a name's letters, or three, it is another name. */
const maxEdits = 3;
/** A part of a name counts from this length on. */
const minPartChars = 4;

/** The nearest of `names` in any case, within a third of its letters and three at most, or one that holds it; undefined: none is near. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, edits: distance(name.toLowerCase(), given.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= editsFor(name))
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.name ?? names.find((name) => given.length >= minPartChars && name.includes(given.toLowerCase()));
}

/** Two for a name of three letters, so that swapped letters ("dya") are found. */
function editsFor(name: string): number {
  return Math.min(maxEdits, Math.max(Math.min(2, name.length - 1), Math.ceil(name.length / 3)));
}

/** ` Did you mean add?`, to follow a sentence; empty where no name is near. */
export function didYouMean(given: string, names: readonly string[]): string {
  const nearest = nearestName(given, names);
  return nearest === undefined || nearest === given ? '' : ` Did you mean ${nearest}?`;
}
