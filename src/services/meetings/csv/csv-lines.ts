/** Cuts text that arrives in pieces into numbered lines. */

export interface CsvLine {
  /** 1-based. */
  readonly number: number;
  readonly content: string;
  /** `\n`, `\r\n`, `\r`, or nothing at the end of the text. */
  readonly ending: string;
  /** Longer than the limit: `content` is its beginning only. */
  readonly isCut: boolean;
}

const keptOfCutLineChars = 1000;

export interface LineCutter {
  /** Lines that this piece completes. */
  push(piece: string): CsvLine[];
  /** The last line, where the text does not end with a line ending. */
  end(): CsvLine[];
}

/** A line longer than `maxLineChars` is passed on by its beginning, so that memory stays bounded. */
export function createLineCutter(maxLineChars: number): LineCutter {
  let number = 0;
  let rest = '';
  let isCut = false;

  const complete = (content: string, ending: string): CsvLine => {
    number += 1;
    const line = { number, content: shorten(content), ending, isCut: isCut || content.length > maxLineChars };
    isCut = false;
    return line;
  };
  const shorten = (content: string): string =>
    isCut || content.length > maxLineChars ? content.slice(0, keptOfCutLineChars) : content;

  return {
    push(piece) {
      const text = rest + piece;
      const lines: CsvLine[] = [];
      const endings = /\r\n|\n|\r/g;
      // The rest holds no ending, save for a `\r` at its end that a `\n` may follow.
      endings.lastIndex = Math.max(0, rest.length - 1);
      let from = 0;
      for (let match = endings.exec(text); match !== null; match = endings.exec(text)) {
        const isHalfOfCrLf = match[0] === '\r' && endings.lastIndex === text.length;
        if (isHalfOfCrLf) break;
        lines.push(complete(text.slice(from, match.index), match[0]));
        from = endings.lastIndex;
      }
      rest = text.slice(from);
      if (rest.length > maxLineChars) {
        const lastChar = rest.endsWith('\r') ? '\r' : '';
        rest = rest.slice(0, keptOfCutLineChars) + lastChar;
        isCut = true;
      }
      return lines;
    },
    end() {
      if (rest === '') return [];
      const ending = rest.endsWith('\r') ? '\r' : '';
      return [complete(rest.slice(0, rest.length - ending.length), ending)];
    },
  };
}
