/** A meeting of a file, by named cells, or what could not be taken apart. */
import type { MeetingCells } from './csv-header.ts';

export type MeetingRecord =
  | {
      readonly kind: 'cells';
      /** First line of the row in its file, 1-based; of transcript files the number of the file. */
      readonly line: number;
      /** Name of the transcript file; undefined for the row of a table. */
      readonly file?: string;
      readonly cells: MeetingCells;
      readonly notes: readonly string[];
    }
  | {
      readonly kind: 'broken';
      readonly line: number;
      readonly file?: string;
      readonly reason: string;
      readonly cells?: MeetingCells;
    };
