/** The pages of the documentation, and what is inside them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface Page {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Snippet {
  readonly page: string;
  /** Line of the page on which it begins. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

export function readPage(page: string): Page {
  return { path: page, text: readFileSync(path.join(root, page), 'utf8') };
}

export function readPages(): Page[] {
  const inDocs = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const top = readdirSync(root);
  return [...top, ...inDocs.map((each) => path.posix.join('docs', each.replaceAll(path.sep, '/')))]
    .filter((each) => each.endsWith('.md'))
    .sort()
    .map(readPage);
}

const fence = /^( *)```(\w*)\n([\s\S]*?)^ *```$/gm;

export function snippetsOf({ path: page, text }: Page): Snippet[] {
  return [...text.matchAll(fence)].map(({ 1: indent = '', 2: language = '', 3: code = '', index }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** A page without its fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(fence, '');
}

/** Rows of every table of a text, as cells; head and rule are left out. */
export function tableRows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line, index, lines) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1] ?? ''))
    .map((line) =>
      line
        .slice(1, line.trimEnd().endsWith('|') ? line.trimEnd().length - 1 : undefined)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

function isRule(line: string): boolean {
  return /^\|(\s*:?-+:?\s*\|)+$/.test(line);
}

/** The text under a heading, down to the next one of its level or above. */
export function sectionOf({ path: page, text }: Page, heading: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start === -1) throw new Error(`${page} has no heading "${heading}"`);
  const level = (lines[start] ?? '').indexOf(' ');
  const end = lines.findIndex((line, index) => index > start && new RegExp(`^#{1,${level}} `).test(line));
  return lines.slice(start + 1, end === -1 ? undefined : end).join('\n');
}

export function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}
