/** The text of a Word document: paragraphs as lines, without what was deleted, hidden instructions and pictures. */
import { SaxesParser } from 'saxes';
import { AppError } from '../../../core/errors.ts';
import { readZip } from './bounded-zip.ts';

const member = 'word/document.xml';
const breaks: Readonly<Record<string, string>> = { 'w:tab': '\t', 'w:br': '\n', 'w:cr': '\n', 'w:noBreakHyphen': '-' };
/** Old programs' copy of what the element before it says. */
const copy = 'mc:Fallback';

/** @throws AppError INPUT_FILE_INVALID */
export function docxText(bytes: Uint8Array, path: string): string {
  const xml = readZip(bytes, { path, isWanted: (name) => name === member })[member];
  if (xml === undefined) throw invalid(path, 'is no Word document. Save it as .docx or .txt.');
  const pieces: string[] = [];
  let isText = false;
  let copies = 0;
  const parser = new SaxesParser({ xmlns: false });
  parser.on('opentag', ({ name }) => {
    if (name === copy) copies += 1;
    isText = name === 'w:t' && copies === 0;
    if (copies === 0 && name in breaks) pieces.push(breaks[name] ?? '');
  });
  parser.on('text', (text) => {
    if (isText) pieces.push(text);
  });
  parser.on('closetag', ({ name }) => {
    if (name === copy) copies -= 1;
    if (name === 'w:t') isText = false;
    if (name === 'w:p') pieces.push('\n');
  });
  parser.on('error', (cause) => {
    throw invalid(path, 'is damaged. Save it again.', cause);
  });
  parser.write(new TextDecoder().decode(xml)).close();
  return pieces.join('').trim();
}

function invalid(path: string, problem: string, cause?: unknown): AppError {
  return new AppError('INPUT_FILE_INVALID', `"${path}" ${problem}`, { cause });
}
