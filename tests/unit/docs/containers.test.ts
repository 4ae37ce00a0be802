import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { settingKeys, settings } from '../../../src/config/schema.ts';
import { root } from './pages.ts';

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

const seconds = z
  .string()
  .regex(/^\d+s$/)
  .transform((text) => Number.parseInt(text, 10));
const healthCheck = z.union([
  z.object({ test: z.array(z.string()).min(2), interval: seconds, timeout: seconds, retries: z.int() }),
  z.object({ disable: z.literal(true) }),
]);
const service = z.object({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  healthcheck: healthCheck,
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  restart: z.string(),
  volumes: z.array(z.string()).default([]),
  stop_grace_period: seconds.optional(),
  read_only: z.boolean().optional(),
});
const compose = z
  .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.null()) })
  .parse(parse(read('docker-compose.yml'), { merge: true }));
const { db, redis, migrate, 'ai-worker': worker } = compose.services;

/** What compose makes of `${NAME:-default}` where NAME is unset. */
const unset = (value: string | number | undefined) => String(value).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

describe('docker-compose.yml', () => {
  it('has the four services, each with a health check or none on purpose', () => {
    expect(Object.keys(compose.services)).toEqual(['db', 'redis', 'migrate', 'ai-worker']);
    expect(migrate?.healthcheck).toEqual({ disable: true });
    for (const each of [db, redis, worker]) expect(each?.healthcheck).toHaveProperty('test');
  });

  it('starts the worker when servers answer and the schema is there', () => {
    expect(migrate?.depends_on).toEqual({ db: { condition: 'service_healthy' } });
    expect(worker?.depends_on).toEqual({
      db: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
      migrate: { condition: 'service_completed_successfully' },
    });
    expect(migrate?.restart).toBe('no');
  });

  it("makes the API's tables in its own database, which has no API (S2)", () => {
    expect(migrate?.command).toEqual(['vambe', 'migrate', '--create-api-tables']);
  });

  it('runs PostgreSQL 15, and a Redis 7 that keeps its jobs and evicts none', () => {
    expect(db?.image).toBe('postgres:15');
    expect(redis?.image).toBe('redis:7');
    expect(redis?.command?.join(' ')).toBe('redis-server --appendonly yes --maxmemory-policy noeviction');
    expect([...(db?.volumes ?? []), ...(redis?.volumes ?? [])].map((each) => each.split(':')[0])).toEqual(
      Object.keys(compose.volumes),
    );
  });

  it('gives worker and migration the addresses of those servers, under names that are settings', () => {
    const names: string[] = settingKeys.map((key) => settings[key].name);
    for (const each of [migrate, worker]) {
      expect(names).toEqual(expect.arrayContaining(Object.keys(each?.environment ?? {})));
      const values = Object.fromEntries(Object.entries(each?.environment ?? {}).map(([k, v]) => [k, unset(v)]));
      expect(values).toMatchObject({
        REDIS_URL: 'redis://redis:6379/0',
        POSTGRES_HOST: 'db',
        POSTGRES_PORT: '5432',
        POSTGRES_DB: 'vambe_db',
        POSTGRES_USER: 'postgres',
        POSTGRES_PASSWORD: 'password',
      });
    }
  });

  it('has one name, user and password on both sides', () => {
    for (const name of ['POSTGRES_DB', 'POSTGRES_USER', 'POSTGRES_PASSWORD']) {
      expect(worker?.environment[name]).toBe(db?.environment[name]);
    }
  });

  it('waits longer for the worker than it takes to stop, and leaves its root read-only', () => {
    const grace = /defaultGraceMs = ([\d_]+)/.exec(read('src/worker.ts'))?.[1]?.replaceAll('_', '');
    expect(worker?.stop_grace_period).toBeGreaterThan(Number(grace) / 1_000 + 5);
    expect(worker?.read_only).toBe(true);
  });
});

describe('compose.beside-api.yml', () => {
  const tag = (name: string) => ({ tag: name, resolve: (value: unknown) => value });
  const customTags = [
    ...['!reset', '!override'].map(tag),
    ...['!reset', '!override'].flatMap((name) => [
      { tag: name, collection: 'seq' as const },
      { tag: name, collection: 'map' as const },
    ]),
  ];
  const file = parse(read('compose.beside-api.yml'), { customTags });

  it("changes the API's worker alone: our image, no folder over /app, no command of Celery, time to finish (S7)", () => {
    expect(Object.keys(file.services)).toEqual(['ai-worker']);
    const changed = file.services['ai-worker'];
    expect(changed).toMatchObject({ image: worker?.image, init: true, volumes: [], stop_grace_period: '35s' });
    for (const name of ['build', 'command', 'entrypoint']) expect(changed[name], name).toMatch(/^(null)?$/);
    for (const name of ['environment', 'env_file', 'networks', 'depends_on']) expect(changed).not.toHaveProperty(name);
    expect(changed.healthcheck).toMatchObject({ test: ['CMD', 'vambe', 'check', 'redis', 'db'] });
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const first = lines.slice(0, lines.length - last.length);

  it('takes its base as an argument in both stages', () => {
    expect(lines).toContain('ARG BASE_IMAGE=node:20-bookworm-slim');
    expect(lines.filter((line) => /^FROM \$\{BASE_IMAGE\}( AS build)?$/.test(line))).toHaveLength(2);
  });

  it('runs as a user by number and starts the worker in exec form', () => {
    expect(last).toContain('USER 1000:1000');
    expect(last.findLast((line) => line.startsWith('CMD '))).toBe('CMD ["vambe", "worker"]');
  });

  it('has the health check of docker-compose.yml', () => {
    const check = last.find((line) => line.startsWith('HEALTHCHECK '));
    const said = JSON.parse(check?.slice(check.indexOf('[')) ?? '[]');
    expect(worker?.healthcheck).toMatchObject({ test: ['CMD', ...said] });
  });

  it('copies nothing that .dockerignore keeps out', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...first, ...last]
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1))
      .map((each) => each.replace(/\/$/, ''));
    expect(copied.sort()).toEqual(allowed.sort());
  });
});
