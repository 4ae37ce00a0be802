/** Finds variables that look meant for this program but are no setting of it: slips of the pen, and leftovers. */
import { distance } from 'fastest-levenshtein';
import { settingKeys, settings } from './schema.ts';

const ourNames = settingKeys.map((key) => settings[key].name);
const known: ReadonlySet<string> = new Set(ourNames);
const prefixes = ['VAMBE_', 'LLM_', 'WORKER_', 'POSTGRES_', 'REDIS_', 'CELERY_'];

/** Shorter names are near to too much: `API_KEY` of another program is one letter from ours. */
const minLength = 8;
const maxEdits = 2;

/** Settings of widespread programs that happen to be near one of ours: Strapi, Laravel and Vite, test runners, Llama's API, rotators of several keys. */
const foreign: ReadonlySet<string> = new Set([
  'APP_KEYS',
  'APP_BASE_URL',
  'UI_BASE_URL',
  'TEST_TIMEOUT',
  'LLAMA_API_KEY',
  'ANTHROPIC_API_KEYS',
  'GEMINI_API_KEYS',
  'GOOGLE_API_KEYS',
  'OLLAMA_PORT',
]);

/** Faults for names near one of ours, one warning for all others that carry one of our prefixes; values are not shown. */
export function unknownNames(environment: Readonly<Record<string, string | undefined>>) {
  const faults: string[] = [];
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    // Windows has names in any case: there Redis_Url is REDIS_URL.
    const isOurs = known.has(name) || (known.has(name.toUpperCase()) && environment[name.toUpperCase()] === value);
    if (isOurs || isOfAllPrograms(name) || foreign.has(name) || !value?.trim()) continue;
    const hasPrefix = prefixes.some((prefix) => name.startsWith(prefix));
    if (!hasPrefix && name.length < minLength) continue;
    const nearest = closest(name.toUpperCase(), ourNames, isSlip);
    if (nearest !== undefined)
      faults.push(`${name} is not a setting. Did you mean ${nearest}? Rename it, or unset it.`);
    else if (hasPrefix) ignored.push(name);
  }
  const warnings =
    ignored.length === 0
      ? []
      : [
          `Not settings of this program, so ignored: ${ignored.sort().join(', ')}. "vambe config" lists those there are.`,
        ];
  return { faults, warnings };
}

/** ALL_PROXY, ftp_proxy and their like stand in the environments of many machines, and are near to HTTP_PROXY. */
function isOfAllPrograms(name: string): boolean {
  return /_proxy$/i.test(name);
}

/** Two edits replace a last word of two letters: POSTGRES_TZ is another name than POSTGRES_DB, no slip of the pen. */
function isSlip(ourName: string, edits: number): boolean {
  return edits < ourName.length - ourName.lastIndexOf('_') - 1;
}

/** The candidate at most two edits away that `isNear` takes, the nearest first; undefined: none. */
export function closest(
  given: string,
  candidates: readonly string[],
  isNear: (candidate: string, edits: number) => boolean = () => true,
): string | undefined {
  let nearest: string | undefined;
  let fewest = maxEdits + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - given.length) > maxEdits) continue;
    const edits = distance(given, candidate);
    if (edits < fewest && isNear(candidate, edits)) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest;
}
