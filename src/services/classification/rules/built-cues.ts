/** The cues of the taxonomy that comes along, compiled by the build (scripts/copy-assets.mjs); undefined beside sources that were not built. */
import { readBuiltJson } from '../../../core/read-json.ts';
import type { CompiledCues } from './program.ts';

const file = new URL('../../../taxonomies/sales-meeting.cues.json', import.meta.url);

export function readBuiltCues(): Promise<CompiledCues | undefined> {
  return readBuiltJson(file);
}
