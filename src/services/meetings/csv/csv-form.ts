/** How a CSV file of ours is written: for Excel, like a file that was read, or plain. */
import { delimiters } from './csv-top.ts';

export interface CsvForm {
  readonly delimiter: string;
  /** Byte order mark, by which Excel knows UTF-8; empty: none. */
  readonly bom: string;
}

const byteOrderMark = '\uFEFF';

export interface CsvFormChoice {
  /** Excel in Spanish separates cells by semicolons, and takes UTF-8 without BOM for Windows-1252. */
  readonly isExcel?: boolean;
  readonly like?: { readonly encoding: string; readonly delimiter: string | null };
}

export function csvForm({ isExcel = false, like }: CsvFormChoice): CsvForm {
  if (isExcel) return { delimiter: ';', bom: byteOrderMark };
  const delimiter = Object.entries(delimiters).find(([, name]) => name === like?.delimiter)?.[0] ?? ',';
  // The file is always UTF-8: where the other was not plain UTF-8 the mark says so.
  return { delimiter, bom: like === undefined || like.encoding === 'UTF-8' ? '' : byteOrderMark };
}
