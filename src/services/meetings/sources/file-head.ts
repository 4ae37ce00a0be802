/** What a transcript file says of itself before its first turn: client, seller, date. */
import { type MeetingCell, meaningsOf } from '../csv/column-names.ts';
import type { MeetingCells } from '../csv/csv-header.ts';

type Head = Partial<MeetingCells>;

const maxHeadLines = 25;
const maxValueChars = 120;
const labelled = /^[\s*_#>-]*([\p{L}][\p{L}\p{N} ./-]{1,38}?)[*_]*\s*[:：=][*_]*\s*(\S.*?)[*_]*\s*$/u;
const frontMatter = /^---\s*$/;

/**
 * Labels (`Cliente: Ana Ruiz`, `Date: 2024-05-02`) at the beginning of the text or between `---` lines, or the keys of a
 * JSON document. A speaker's turn looks the same as a label, so without a date among them they say nothing.
 */
export function readFileHead(text: string): Head {
  const start = text.trimStart();
  return start.startsWith('{') ? readJsonHead(start) : readTextHead(start);
}

function readTextHead(text: string): Head {
  const lines = text.split(/\r\n|\n|\r/, maxHeadLines);
  const isFrontMatter = frontMatter.test(lines[0] ?? '');
  const head: Partial<Record<MeetingCell, string>> = {};
  let isBegun = false;
  for (const line of isFrontMatter ? lines.slice(1) : lines) {
    if (isFrontMatter && frontMatter.test(line)) break;
    const [, label = '', value = ''] = labelled.exec(line) ?? [];
    const cell = cellOf(label);
    if (cell === undefined || value.length > maxValueChars || head[cell] !== undefined) {
      // A title, "WEBVTT" or an unknown label may come first; a blank line or a turn ends what has begun.
      if (isBegun && !isFrontMatter && label === '') break;
      if (head[cell ?? 'transcript'] !== undefined) break;
      continue;
    }
    head[cell] = value.replace(/^(["'])(.*)\1$/, '$2');
    isBegun = true;
  }
  return head.date === undefined && !isFrontMatter ? {} : head;
}

function readJsonHead(text: string): Head {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return {}; // not JSON, or cut
  }
  if (typeof document !== 'object' || document === null) return {};
  const head: Partial<Record<MeetingCell, string>> = {};
  for (const [key, value] of Object.entries(document)) {
    const cell = cellOf(key.replaceAll('_', ' '));
    if (cell === undefined || head[cell] !== undefined) continue;
    if (typeof value === 'string' && value.length <= maxValueChars) head[cell] = value;
    else if (cell === 'date' && typeof value === 'number') head.date = new Date(value).toISOString();
  }
  return head;
}

/** Only what a column of that name would surely be; never the transcript. */
function cellOf(label: string): MeetingCell | undefined {
  const meaning = meaningsOf(label).find(({ cell, tier }) => tier <= (cell === 'seller' ? 4 : 2));
  return meaning !== undefined && isMeetingCell(meaning.cell) ? meaning.cell : undefined;
}

function isMeetingCell(cell: string): cell is MeetingCell {
  return ['name', 'email', 'phone', 'date', 'seller', 'closed'].includes(cell);
}
