import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { createReader } from '../../../../../src/services/classification/model/reader.ts';
import { createThreadedReader } from '../../../../../src/services/classification/model/threaded-reader.ts';
import { salesTaxonomy } from '../../../../helpers/llm-classifier.ts';

const here = createReader(salesTaxonomy);
const threaded = createThreadedReader(salesTaxonomy);
afterAll(() => threaded.close?.());

const { signal } = new AbortController();
const attacks: readonly string[] = readFileSync('tests/fixtures/injections.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => {
    const { passages, attack } = JSON.parse(line);
    return [passages[0], attack, passages[1]].join('\n');
  });

describe('the reader in a thread', () => {
  it('surveys as the one in this thread does, each caller its own: what is shown, and what speaks to the machine', async () => {
    const wholes = attacks.map((transcript) => ({ transcript, maxChars: 60_000 }));
    const parts = attacks.map((transcript) => ({ transcript: transcript.repeat(80), maxChars: 9_000 }));
    const questions = [...wholes, ...parts];
    const surveys = await Promise.all(questions.map((each) => threaded.survey(each, signal)));
    for (const [index, each] of questions.entries()) expect(surveys[index]).toEqual(await here.survey(each, signal));
    expect(surveys.filter(({ untrusted }) => untrusted.length > 0).length).toBeGreaterThan(attacks.length / 2);
    expect(surveys.some(({ segments }) => segments.length > 1)).toBe(true);
  });

  it('weighs as the one in this thread does: proven, unproven, with faults, and no JSON at all', async () => {
    const transcript = 'Somos una clínica dental y perdemos pacientes.';
    const replies = [
      { fields: { business_sector: { value: 'salud', quotes: ['una clinica dental'], confidence: 0.9 } } },
      { fields: { business_sector: { value: 'salud', quotes: ['un hotel'], confidence: 0.9 } } },
      { fields: { business_sector: { value: 'magia', quotes: ['una clínica'], confidence: 0.9 } } },
    ].map((each) => JSON.stringify(each));
    const survey = await here.survey({ transcript, maxChars: 60_000 }, signal);
    const questions = [...replies, 'I would rather not say.'].map((reply) => ({ transcript, survey, reply }));
    const weighed = await Promise.all(questions.map((each) => threaded.weigh(each)));
    for (const [index, each] of questions.entries()) expect(weighed[index]).toEqual(await here.weigh(each));
    const values = weighed.map((each) => each?.classification.fields.business_sector?.value);
    expect(values).toEqual([expect.any(String), null, null, undefined]);
    expect(weighed[2]?.faults.join()).toContain('magia');
  });

  it('rejects a caller that was aborted meanwhile', async () => {
    const controller = new AbortController();
    const asked = threaded.survey({ transcript: 'Somos una clínica.', maxChars: 60_000 }, controller.signal);
    controller.abort(new Error('cancelled'));
    await expect(asked).rejects.toThrow('cancelled');
  });
});
