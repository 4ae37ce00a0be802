/** Finds variables that seem to be meant for this program but are not among its settings: typos and old names. */
import { distance } from 'fastest-levenshtein';
import { settingKeys, settings } from './schema.ts';

const ourNames = settingKeys.map((key) => settings[key].name);
const known: ReadonlySet<string> = new Set(ourNames);
const prefixes = ['VAMBE_', 'LLM_', 'WORKER_', 'POSTGRES_', 'REDIS_', 'CELERY_'];

/** Shorter names are similar to too many others: `API_KEY` of another program differs from ours by one letter. */
const minLength = 8;
const maxEdits = 2;

/** Settings of common programs that are similar to one of ours: Strapi, Laravel and Vite, test runners, Llama's API, rotators of several keys. */
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
  // Several servers, of libraries for Sentinel and Cluster.
  'REDIS_HOSTS',
  'REDIS_PORTS',
]);

/** One fault for each name that is similar to ours, and one warning for all others with one of our prefixes. Values are not shown. */
export function unknownNames(environment: Readonly<Record<string, string | undefined>>) {
  const faults: string[] = [];
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    // Names are case-insensitive on Windows: Redis_Url is REDIS_URL there.
    const isOurs = known.has(name) || (known.has(name.toUpperCase()) && environment[name.toUpperCase()] === value);
    if (isOurs || isOfAllPrograms(name) || foreign.has(name) || !value?.trim()) continue;
    const hasPrefix = prefixes.some((prefix) => name.startsWith(prefix));
    if (!hasPrefix && name.length < minLength) continue;
    const nearest = nearestOwnName(name.toUpperCase());
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

/** ALL_PROXY, ftp_proxy and similar names are set on many machines, and are near to HTTP_PROXY. */
function isOfAllPrograms(name: string): boolean {
  return /_proxy$/i.test(name);
}

/** Two edits may replace a whole last word of two letters: POSTGRES_TZ is not a typo of POSTGRES_DB. */
function isSlip(ourName: string, edits: number): boolean {
  return edits < ourName.length - ourName.lastIndexOf('_') - 1;
}

/** Our most similar name with at most two edits. Stricter than core/nearest-name.ts, because the result stops a start. */
function nearestOwnName(given: string): string | undefined {
  let nearest: string | undefined;
  let fewest = maxEdits + 1;
  for (const ourName of ourNames) {
    if (Math.abs(ourName.length - given.length) > maxEdits) continue;
    const edits = distance(given, ourName);
    if (edits < fewest && isSlip(ourName, edits)) {
      nearest = ourName;
      fewest = edits;
    }
  }
  return nearest;
}
