import { describe, expect, it } from 'vitest';
import { readLabelledMeetings } from '../../../../src/services/evaluation/labelled-meetings.ts';

describe('readLabelledMeetings', () => {
  it('reads a row a line, with or without labels, past blank lines and a byte order mark', () => {
    const text =
      '\uFEFF{"id":"a","transcript":"hola","labels":{"colour":"red"},"acceptable":{"colour":["blue"]}}\r\n\n{"id":2,"transcript":""}\n';
    expect(readLabelledMeetings(text, 'rows.jsonl')).toEqual([
      { id: 'a', transcript: 'hola', labels: { colour: 'red' }, acceptable: { colour: ['blue'] } },
      { id: '2', transcript: '', labels: null, acceptable: {} },
    ]);
  });

  it('names every faulty line and never what it holds', () => {
    const text = '{"id":"a","transcript":"x"}\n{secret\n{"id":"b"}\n{"id":"a","transcript":"x"}';
    const read = (): unknown => readLabelledMeetings(text, 'rows.jsonl');
    expect(read).toThrow(/rows\.jsonl.*line 2: is not JSON; line 3: transcript.*line 4: the id "a" appears twice/);
    expect(read).not.toThrow(/secret/);
  });

  it('refuses a file without rows', () => {
    expect(() => readLabelledMeetings('\n\n', 'rows.jsonl')).toThrow(/holds no meetings/);
  });
});
