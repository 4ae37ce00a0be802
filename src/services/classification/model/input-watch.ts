/** Finds out whether a server silently cuts the prompt: Ollama does, at a context of 4,096 tokens unless it is told otherwise. */
import type { ChatMessage } from './prompt.ts';
import type { Usage } from './providers/dialect.ts';

export type InputWatch = (messages: readonly ChatMessage[], usage: Usage) => void;

export interface CutInput {
  readonly sentChars: number;
  /** What the server says it has read. */
  readonly inputTokens: number;
}

/** No tokeniser in use needs fewer tokens for Spanish or English: they have 3 to 5 characters per token. */
const maxCharsPerToken = 6;

/** `onCut` is called once. */
export function createInputWatch(onCut: (cut: CutInput) => void): InputWatch {
  let isReported = false;
  return (messages, { inputTokens }) => {
    if (isReported || inputTokens === null || inputTokens === 0) return;
    const sentChars = messages.reduce((sum, { content }) => sum + content.length, 0);
    if (sentChars / inputTokens <= maxCharsPerToken) return;
    isReported = true;
    onCut({ sentChars, inputTokens });
  };
}
