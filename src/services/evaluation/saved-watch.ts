/** What was saved since the last look: each saved row once, even where clocks differ or a commit is late. */
import type { SavedVersion, SavedVersions } from '../../models/queries/saved-rows.ts';

export interface SavedWatch {
  /** The first look gives what is stamped `since` or later, each other one what was saved after the look before. */
  look(): Promise<readonly SavedVersion[]>;
}

/** `since` null: no row that is stored already. */
export function createSavedWatch(
  find: (from: { floor: string | null; since: string | null }) => Promise<SavedVersions>,
  { since }: { readonly since: string | null },
): SavedWatch {
  let floor: string | null = null;
  let seen = new Set<string>();
  return {
    async look() {
      const isFirst = floor === null;
      const found = await find({ floor, since: isFirst ? since : null });
      const fresh = found.versions.filter((each) => (isFirst ? each.is_since : !seen.has(keyOf(each))));
      // This look found every row above the next floor.
      seen = new Set(found.versions.map(keyOf));
      floor = found.floor;
      return fresh;
    },
  };
}

function keyOf({ meeting_id, version }: SavedVersion): string {
  return `${meeting_id}:${version}`;
}
