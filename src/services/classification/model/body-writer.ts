/** Writes requests of which all but a few texts is the same each time: prompt and schema, 20 kB of them, become bytes once. */
import { randomUUID } from 'node:crypto';
import type { ChatMessage } from './prompt.ts';
import type { ChatQuestion, Dialect, Part } from './providers/dialect.ts';

/** JSON in pieces, in order. `parts`: compared by identity, so give the same list for the same parts. */
export type BodyWriter = (question: ChatQuestion, parts: readonly Part[]) => readonly (string | Buffer)[];

interface Template {
  readonly question: ChatQuestion;
  readonly parts: readonly Part[];
  /** What stands before, between and behind the texts. */
  readonly fixed: readonly Buffer[];
}

/** First try and repair, with few and with many output tokens. */
const mostTemplates = 8;

/** What `JSON.stringify(dialect.makeBody(…))` gives, byte for byte. */
export function createBodyWriter(dialect: Dialect, model: string): BodyWriter {
  let templates: readonly Template[] = [];
  return (question, parts) => {
    let template = templates.find((each) => isFor(each, question, parts));
    if (template === undefined) {
      template = makeTemplate(dialect, model, question, parts);
      templates = [template, ...templates].slice(0, mostTemplates);
    }
    const { fixed } = template;
    const texts = question.messages.filter(isText);
    return fixed.flatMap((piece, index) => {
      const text = texts[index];
      return text === undefined ? [piece] : [piece, JSON.stringify(text.content)];
    });
  };
}

function isText({ role }: ChatMessage): boolean {
  return role !== 'system';
}

function isFor({ question, parts }: Template, other: ChatQuestion, otherParts: readonly Part[]): boolean {
  return (
    question.schema === other.schema &&
    question.schemaName === other.schemaName &&
    question.maxOutputTokens === other.maxOutputTokens &&
    parts === otherParts &&
    question.messages.length === other.messages.length &&
    question.messages.every(({ role, content }, index) => {
      const message = other.messages[index];
      return role === message?.role && (role !== 'system' || content === message.content);
    })
  );
}

function makeTemplate(dialect: Dialect, model: string, question: ChatQuestion, parts: readonly Part[]): Template {
  const mark = randomUUID();
  const messages = question.messages.map((each) => (isText(each) ? { ...each, content: mark } : each));
  const json = JSON.stringify(dialect.makeBody({ ...question, messages }, model, parts));
  const fixed = json.split(JSON.stringify(mark)).map((piece) => Buffer.from(piece, 'utf8'));
  // The texts of the first question are not kept.
  return { question: { ...question, messages }, parts, fixed };
}
