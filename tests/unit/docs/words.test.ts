/** Pages and comments use plain technical English: the words of this list belong to stories and proverbs. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { proseOf, readPage, readPages, root } from './pages.ts';

/** "stands" and "stood" where "is" would do. Code spans are left out: `nobody` is also the name of a user. */
const literary =
  /\b(nobody|whoever|somebody|anybody|for ever|stands?|stood|whatever|what became of|hence|thereof|besides|anew|mend|mends|mended|behold|lest|naught)\b/gi;

/** Text without code spans. */
const words = (text: string) =>
  [...text.replaceAll(/`[^`\n]*`/g, '').matchAll(literary)].map(([word]) => word.toLowerCase());

describe.each(readPages().filter(({ path: file }) => file !== 'CHANGELOG.md'))('$path', (page) => {
  it('has no literary words', () => {
    expect(words(proseOf(page))).toEqual([]);
  });
});

it('comments and messages of src/ have few literary words, and not more than before', () => {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(ts|sql)$/.test(file),
  );
  const found = files.flatMap((file) => words(readFileSync(path.join(root, 'src', file), 'utf8')));
  // The system user `nobody`, a migration (never edited after its release), and two senses of "stand" that are standard.
  expect(found.length).toBeLessThanOrEqual(10);
});

describe('README.md and README.es.md', () => {
  const english = readPage('README.md');
  const spanish = readPage('README.es.md');
  const lines = ({ text }: { text: string }) => text.trimEnd().split('\n').length;

  it('have at most 200 lines', () => {
    expect(lines(english)).toBeLessThanOrEqual(200);
    expect(lines(spanish)).toBeLessThanOrEqual(200);
  });

  it('have the same sections, and the same commands and outputs', () => {
    const levels = ({ text }: { text: string }) => [...text.matchAll(/^#+ /gm)].map(([level]) => level);
    const blocks = ({ text }: { text: string }) =>
      [...text.matchAll(/^ *```\w*\n[\s\S]*?^ *```$/gm)].map(([block]) => block);
    expect(levels(spanish)).toEqual(levels(english));
    expect(blocks(spanish)).toEqual(blocks(english));
  });

  it('link to the same pages, in the language of the reader where there are two', () => {
    const links = ({ text }: { text: string }) =>
      [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map(([, target = '']) => target.replace('.es.md', '.md'))
        .filter((each) => each !== 'README.md');
    expect([...new Set(links(spanish))].sort()).toEqual([...new Set(links(english))].sort());
  });
});
