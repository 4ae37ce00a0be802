/** One line of a CSV file that a spreadsheet may open: no cell runs as a formula. */
import { stringify } from 'csv-stringify/sync';

/** csv-stringify looks at the first character alone; spreadsheets skip white space before a formula. */
const hiddenFormula = /^[\s\u00a0]+[=+\-@\uff0b\uff0d\uff1d\uff20]/u;

export function csvLine(cells: readonly string[], delimiter: string): string {
  const safe = cells.map((cell) => (hiddenFormula.test(cell) ? `'${cell}` : cell));
  return stringify([safe], { escape_formulas: true, delimiter });
}
