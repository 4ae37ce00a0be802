/** Tells whether a CSV file writes a quote inside a quoted cell as `\"`, as databases do, instead of `""`. */

/** `\"` in the middle of a cell, or before its closing quote: alone at the end of a cell it may follow a path's last backslash. */
const escapedInside = /\\"(?![",;\t|\r\n]|$)|\\""(?=[,;\t|\r\n]|$)/g;
const doubledInside = /[^,;\t|\r\n"\\]""(?!")|(?<!["\\])""[^,;\t|\r\n"]/g;

export interface QuoteStyleWatch {
  add(piece: string): void;
  usesBackslash(): boolean;
}

export function createQuoteStyleWatch(): QuoteStyleWatch {
  let escaped = 0;
  let doubled = 0;
  return {
    add(piece) {
      if (piece.includes('\\"')) escaped += piece.match(escapedInside)?.length ?? 0;
      if (piece.includes('""')) doubled += piece.match(doubledInside)?.length ?? 0;
    },
    usesBackslash: () => escaped > doubled,
  };
}

/** A line in the usual style. */
export function doubleQuotes(content: string): string {
  return content.includes('\\') ? content.replace(/\\(["\\])/g, (_, char) => (char === '"' ? '""' : '\\')) : content;
}
