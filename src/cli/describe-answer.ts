/** A worker's answer as `celery inspect` prints it. */
import type { Cli } from './kit/cli.ts';

/** `->  worker@host: OK`, or ERROR, then the items. */
export function describeAnswer(cli: Cli, worker: string, answer: unknown): string {
  const verdict = isErrorAnswer(answer) ? cli.style('red', 'ERROR') : cli.style('green', 'OK');
  return `${cli.style('bold', '->')}  ${cli.style('cyan', worker)}: ${verdict}\n${indent(bodyOf(answer), 4)}`;
}

/** `{error: "KeyError('nosuchcmd')"}` */
export function isErrorAnswer(answer: unknown): answer is { readonly error: unknown } {
  return typeof answer === 'object' && answer !== null && !Array.isArray(answer) && 'error' in answer;
}

function bodyOf(answer: unknown): string {
  if (Array.isArray(answer)) {
    if (answer.length === 0) return '- empty -';
    return answer.map((item) => `* ${typeof item === 'string' ? item : JSON.stringify(item)}`).join('\n');
  }
  if (typeof answer === 'object' && answer !== null) {
    if (isErrorAnswer(answer)) return indent(String(answer.error), 4);
    if ('ok' in answer && typeof answer.ok === 'string') return indent(answer.ok, 4);
    return JSON.stringify(sorted(answer), null, 2);
  }
  return String(answer);
}

function sorted(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function indent(text: string, chars: number): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : `${' '.repeat(chars)}${line}`))
    .join('\n');
}
