import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const files = readdirSync(path.join(root, 'src/core'), { recursive: true, encoding: 'utf8' })
  .map((file) => `src/core/${file.replaceAll(path.sep, '/')}`)
  .filter((file) => /\.(ts|cjs)$/.test(file));

/** Lines of src/core that may name what the product is about, each with its reason. */
const allowed: readonly { file: string; line: RegExp; reason: string }[] = [
  {
    file: 'src/core/errors.ts',
    line: /^ {2}(TAXONOMY_INVALID|MEETING_NOT_FOUND|MEETING_CHANGING|TRANSCRIPT_EMPTY): \{ /,
    reason: 'one table has all error codes, so that codes are unique and docs/errors.md is complete',
  },
  {
    file: 'src/core/log/log-line.ts',
    line: /^ {2}(taxonomy|celery): '/,
    reason: 'one table has the emoji of every part that writes a log',
  },
  {
    file: 'src/core/log/log-fields.ts',
    line: /^const privateName = /,
    reason: 'no log line may hold a field of this name, whichever part writes it',
  },
  {
    file: 'src/core/queue/presence.ts',
    line: /^ {2}readonly meeting_id: number \| null;$/,
    reason: 'a key of the JSON that workers write to Redis and that `vambe status --json` shows',
  },
];

const product = /celery|meeting|transcript|taxonom/i;

describe('src/core', () => {
  const found = files.flatMap((file) =>
    readFileSync(path.join(root, file), 'utf8')
      .split('\n')
      .flatMap((line) => (product.test(line) ? [{ file, line }] : [])),
  );

  it('is the machinery of any job system: it names neither Celery nor meetings, transcripts or taxonomies', () => {
    expect(files.length).toBeGreaterThan(50);
    const others = found.filter(
      ({ file, line }) => !allowed.some((each) => each.file === file && each.line.test(line)),
    );
    expect(others).toEqual([]);
  });

  it.each(allowed)('still has the exception in $file: $reason', (exception) => {
    expect(found.some(({ file, line }) => exception.file === file && exception.line.test(line))).toBe(true);
  });
});
