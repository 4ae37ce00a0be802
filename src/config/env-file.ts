/** Reads the text of a `.env` file: NAME=value lines, comments, and values in quotes, which may span lines. */

export interface EnvFile {
  readonly values: Readonly<Record<string, string>>;
  /** One sentence for each line that cannot be read. Values are not shown, because they may be secrets. */
  readonly faults: readonly string[];
}

/** Not Node's parser: depending on its version, that one drops a line that is no assignment, or joins it with the next line. */
export function readEnvText(text: string): EnvFile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const values = new Map<string, string>();
  const faults: string[] = [];
  for (let index = 0; index < lines.length; ) {
    const first = lines[index] ?? '';
    const number = index + 1;
    index += 1;
    if (/^\s*(#|$)/.test(first)) continue;
    const [, name, given] = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=(.*)$/s.exec(first) ?? [];
    if (name === undefined || given === undefined) {
      faults.push(`.env line ${number} must be NAME=value or a # comment. Correct or delete it.`);
      continue;
    }
    const read = readValue(given, lines.slice(index));
    if ('fault' in read) faults.push(`.env line ${number} ${read.fault}`);
    else values.set(name, read.value);
    index += read.moreLines;
  }
  return { values: Object.fromEntries(values), faults };
}

type Read = { readonly moreLines: number } & ({ readonly value: string } | { readonly fault: string });

/** `given` is the text after the equals sign, `following` the next lines. */
function readValue(given: string, following: readonly string[]): Read {
  const [, quote, opened] = /^\s*(["'`])(.*)$/s.exec(given) ?? [];
  if (quote === undefined || opened === undefined) return { value: withoutComment(given), moreLines: 0 };

  const body = [opened, ...following];
  const last = body.findIndex((line) => line.includes(quote));
  if (last === -1) {
    const fault = `opens a quote (${quote}) that is not closed. Close it, or put the value in another kind of quotes.`;
    return { fault, moreLines: 0 };
  }
  const closing = body[last] ?? '';
  const end = closing.indexOf(quote);
  if (!/^\s*(#|$)/.test(closing.slice(end + 1))) {
    const fault = `has text after its closing quote (${quote}). Delete it, or put the value in another kind of quotes.`;
    return { fault, moreLines: last };
  }
  const value = [...body.slice(0, last), closing.slice(0, end)].join('\n');
  return { value: quote === '"' ? value.replaceAll('\\n', '\n') : value, moreLines: last };
}

/** A # starts a comment only after white space, as in python-dotenv and Docker Compose, because a password may contain a #. */
function withoutComment(given: string): string {
  return given.replace(/\s#.*$/s, '').trim();
}
