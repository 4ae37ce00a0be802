/** The cues of the default taxonomy, compiled by the build (scripts/copy-assets.mjs); undefined when running from sources. */
import { readBuiltJson } from '../../../core/read-json.ts';
import type { CompiledCues } from './program.ts';

const file = new URL('../../../taxonomies/sales-meeting.cues.json', import.meta.url);

export function readBuiltCues(): Promise<CompiledCues | undefined> {
  return readBuiltJson(file);
}
