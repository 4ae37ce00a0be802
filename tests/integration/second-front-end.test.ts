/** The proof that a front end needs no more than services and documents: tests/fixtures/scratch-front-end.ts. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importDocument } from '../../src/contract/imports.ts';
import { jobListDocument, retryDocument } from '../../src/contract/jobs.ts';
import { meetingDocument, reviewDocument } from '../../src/contract/meetings.ts';
import { type Request, routes } from '../fixtures/scratch-front-end.ts';
import { insertMeetings } from '../helpers/meetings.ts';
import { createNamespace, type Namespace } from '../helpers/namespace.ts';
import { query, startApp, type TestApp } from '../helpers/start-app.ts';

const file = fileURLToPath(new URL('../fixtures/scratch-front-end.ts', import.meta.url));
const header =
  'Nombre,Correo Electronico,Numero de Telefono,Fecha de la Reunion,Vendedor asignado,closed,Transcripcion';
const actor = 'web:camila';

let namespace: Namespace;
let app: TestApp;
let worker: { stop(graceMs?: number): Promise<void> };
let folder: string;

/** As a server would answer: through JSON. */
async function ask(route: string, request: Omit<Request, 'actor'> = {}): Promise<unknown> {
  const answer = await routes[route]?.(app, { actor, ...request });
  return JSON.parse(JSON.stringify(answer));
}

beforeAll(async () => {
  namespace = await createNamespace();
  app = await startApp(namespace);
  worker = await app.work({ concurrency: 2 });
  folder = await mkdtemp(join(tmpdir(), 'vambe-front-end-'));
});

afterAll(async () => {
  await worker?.stop();
  await app?.close();
  await namespace?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('A second front end', () => {
  it('is one file of 60 lines over services and documents alone', () => {
    const text = readFileSync(file, 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    const imported = [...text.matchAll(/from '\.\.\/\.\.\/src\/([\w-]+)/g)].map(([, from]) => from);
    expect(new Set(imported)).toEqual(new Set(['contract', 'services', 'wiring']));
    expect(text).toContain("import type { App } from '../../src/wiring.ts'");
  });

  it('imports a file, shows its meeting and corrects a label, each change with its actor on record', async () => {
    const path = join(folder, 'one.csv');
    await writeFile(
      path,
      `${header}\nClínica Norte,n@x.cl,,2024-02-10,Ana,1,Tenemos una clínica dental. Es urgente.\n`,
    );
    const { first_id: id, queued } = importDocument.parse(await ask('POST /meetings', { path }));
    expect(queued).toBe(1);
    const [job] = jobListDocument.parse(await ask('GET /jobs')).jobs;
    await app.rowIn(job?.task_id ?? '', 'completed');
    const shown = meetingDocument.parse(await ask('GET /meeting', { id: id ?? 0 }));
    expect(shown.classification?.fields.urgency).toMatchObject({ value: true });
    reviewDocument.parse(await ask('POST /meeting/review', { id: id ?? 0, corrections: ['urgency=false'] }));
    const after = meetingDocument.parse(await ask('GET /meeting', { id: id ?? 0 }));
    expect(after.classification?.fields.urgency).toMatchObject({ value: false, is_corrected: true });
    const audit = await query(app, 'select actor, action from vambe_worker.audit order by id');
    expect(audit).toEqual([
      { actor, action: 'import' },
      { actor, action: 'review' },
    ]);
  });

  it('lists a failed job and retries it', async () => {
    const [blank = 0] = await insertMeetings(app.database, [{ transcript: null }]);
    const taskId = await app.ask({ args: [blank] });
    await app.rowIn(taskId, 'failed');
    const { jobs } = jobListDocument.parse(await ask('GET /jobs'));
    expect(jobs.find((each) => each.task_id === taskId)).toMatchObject({ state: 'failed', meeting_id: blank });
    const { reopened } = retryDocument.parse(await ask('POST /jobs/retry', { taskId }));
    expect(reopened).toBe(1);
  });
});
