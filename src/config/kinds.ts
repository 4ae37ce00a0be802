/** The types of settings: how a value is parsed, and how an error describes the expected value. */
import * as z from 'zod';

/** Turns the text of an environment variable into a value; `expected` completes the sentence "NAME must be …". */
export interface Kind<T> {
  readonly schema: z.ZodType<T, string>;
  readonly expected: string;
  /** For a choice: its values, so that an error can suggest the right one. */
  readonly choices?: readonly string[];
  /** For addresses: the allowed schemes. An error shows only the scheme, because the rest may contain a password. */
  readonly schemes?: readonly string[];
  /** For texts of other systems that are taken as something else than they say: the sentence that tells so. */
  readonly notice?: (given: string) => string | undefined;
}

export const text: Kind<string> = {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
  schema: z.string().regex(/^[^\u0000-\u001f\u007f]{1,8192}$/),
  expected: 'text on one line, at most 8192 characters',
};

/** A whole number written in digits: `1e3`, `0x10` and `10s` are refused, because people read them differently. */
export function wholeNumber(range: { min: number; max: number; unit?: string }): Kind<number> {
  const { min, max, unit } = range;
  return {
    schema: z
      .string()
      .regex(/^-?\d{1,15}$/)
      .transform(Number)
      .pipe(z.int().min(min).max(max)),
    expected: `a whole number${unit === undefined ? '' : ` of ${unit}`} from ${min} to ${max}`,
  };
}

/**
 * Whole seconds from 1 to `max`. A larger number can only be milliseconds, as programs on Node.js write them, and is read as those.
 */
export function secondsOrMs({ max }: { max: number }): Kind<number> {
  const isMs = (given: string) => /^\d{1,15}$/.test(given) && Number(given) > max && Number(given) <= max * 1_000;
  const { schema, expected } = wholeNumber({ min: 1, max, unit: 'seconds' });
  return {
    schema: z
      .string()
      .transform((given) => (isMs(given) ? String(Math.ceil(Number(given) / 1_000)) : given))
      .pipe(schema),
    expected,
    notice: (given) =>
      isMs(given)
        ? `${given} is read as milliseconds, which is ${Math.ceil(Number(given) / 1_000)} s. Write seconds.`
        : undefined,
  };
}

/** A port; Kubernetes writes the address of a service of that name there (`tcp://10.0.0.1:6379`), whose port is taken. */
export const servicePort: Kind<number> = (() => {
  const { schema, expected } = wholeNumber({ min: 1, max: 65_535 });
  return {
    schema: z
      .string()
      .transform((given) => /^tcp:\/\/[^\s/@]+:(\d{1,5})$/.exec(given)?.[1] ?? given)
      .pipe(schema),
    expected,
  };
})();

/** An amount such as `2.50`; no exponent, no thousands separator. */
export function amount(unit: string): Kind<number> {
  return {
    schema: z
      .string()
      .regex(/^\d{1,12}(\.\d{1,6})?$/)
      .transform(Number),
    expected: `an amount of ${unit} such as 25 or 2.50`,
  };
}

/** One of a few words, in any letter case; `synonyms` are words of other systems with the same meaning. */
export function choice<const T extends string>(
  choices: readonly [T, ...T[]],
  synonyms: Readonly<Record<string, T>> = {},
): Kind<T> {
  return {
    schema: z
      .string()
      .transform((given) => {
        const word = given.toLowerCase();
        return Object.hasOwn(synonyms, word) ? synonyms[word] : word;
      })
      .pipe(z.enum(choices)),
    expected: choices.length === 1 ? choices[0] : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`,
    choices,
  };
}

/** Names separated by commas, spaces around them dropped, each name once. */
export function listOf(what: string, pattern: RegExp): Kind<readonly string[]> {
  return {
    schema: z
      .string()
      .transform((given) => [
        ...new Set(
          given
            .split(',')
            .map((each) => each.trim())
            .filter(Boolean),
        ),
      ])
      .pipe(z.array(z.string().regex(pattern)).min(1))
      .readonly(),
    expected: `${what}, separated by commas`,
  };
}

export function matching(pattern: RegExp, expected: string): Kind<string> {
  return { schema: z.string().regex(pattern), expected };
}

/** `redis://` or `rediss://` (TLS), optionally with a database number, as path or as `?db=`. */
export const redisAddress: Kind<string> = {
  schema: z.string().refine((given) => {
    const url = parsed(given, /^rediss?:$/i);
    if (url === null || url.hostname === '' || !/^(\/\d{0,4})?$/.test(url.pathname)) return false;
    const [path, db] = [url.pathname.slice(1), url.searchParams.get('db')];
    return db === null || (/^\d{1,4}$/.test(db) && (path === '' || Number(path) === Number(db)));
  }),
  expected: 'an address such as redis://localhost:6379/0, or rediss:// for TLS',
  schemes: ['redis://', 'rediss://'],
};

/**
 * `postgres://` or `postgresql://`. The host is optional where `?host=` names a socket folder. SQLAlchemy's
 * `postgresql+psycopg2://`, which environments of the Python worker use, means the same here.
 */
export const postgresAddress: Kind<string> = {
  schema: z
    .string()
    .transform((given) => given.replace(/^(postgres(?:ql)?)\+[a-z0-9_]+:/i, '$1:'))
    .refine((given) => {
      const url = parsed(given.replace(/@\//, '@socket/'), /^postgres(ql)?:$/i);
      return url !== null && (url.hostname !== '' || url.searchParams.has('host'));
    }),
  expected: 'an address such as postgres://localhost:5432/vambe_db',
  schemes: ['postgres://', 'postgresql://'],
};

export const webAddress: Kind<string> = {
  schema: z.string().refine((given) => {
    const url = parsed(given, /^https?:$/i);
    return url !== null && url.hostname !== '';
  }),
  expected: 'an address that begins with http:// or https://',
  schemes: ['http://', 'https://'],
};

/** What LLM_EXTRA_BODY may not change: what is asked, of which model, and that the reply comes at once. */
const fixedEntries = ['model', 'messages', 'contents', 'system', 'systemInstruction', 'stream'];

/** A JSON object as text; it stays text, as secrets may be in it. */
export const requestEntries: Kind<string> = {
  schema: z
    .string()
    .max(16_384)
    .refine((given) => {
      try {
        const value: unknown = JSON.parse(given);
        return (
          typeof value === 'object' &&
          value !== null &&
          !Array.isArray(value) &&
          !fixedEntries.some((name) => name in value)
        );
      } catch {
        return false;
      }
    }),
  expected: `a JSON object such as {"reasoning_effort":"low"} without ${fixedEntries.slice(0, -1).join(', ')} and ${fixedEntries.at(-1)}`,
};

export const timeZone: Kind<string> = {
  schema: z.string().refine((given) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: given }).resolvedOptions().timeZone !== '';
    } catch {
      // Intl has no function that checks a time zone, so try to use it.
      return false;
    }
  }),
  expected: 'a time zone such as UTC or America/Santiago',
};

function parsed(given: string, protocol: RegExp): URL | null {
  if (!URL.canParse(given)) return null;
  const url = new URL(given);
  return protocol.test(url.protocol) ? url : null;
}
