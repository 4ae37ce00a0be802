import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../src/core/errors.ts';
import {
  examineDisk,
  examineNode,
  examinePackages,
  examineServers,
  examineSettings,
  examineTaxonomy,
} from '../../../../src/services/observe/examine.ts';

describe('the version of Node.js', () => {
  it.each(['20.19.0', '22.0.0', '24.1.3'])('%s is new enough', (version) => {
    expect(examineNode(version)).toMatchObject({ part: 'Node.js', fault: null });
  });

  it.each(['18.20.0', '20.18.9'])('%s is too old, with what to do', (version) => {
    expect(examineNode(version)).toMatchObject({
      fault: { exit: 1, error: expect.stringContaining('>=20.19 is needed. Install a newer one.') },
    });
  });
});

describe('settings', () => {
  it('are counted where they are right, and a fault where they are not', () => {
    const origin = { redisUrl: 'environment', port: 'default' };
    expect(examineSettings({ origin, warnings: ['a warning'] })).toMatchObject({
      facts: { set: 1 },
      warnings: ['a warning'],
    });
    expect(examineSettings(new AppError('SETTINGS_INVALID', 'wrong'))).toMatchObject({
      fault: { error: 'wrong', exit: 2 },
    });
  });
});

describe('embedded servers that do not run', () => {
  it('are no fault; that no worker is registered is a warning', async () => {
    const findings = await examineServers({ redisUrl: null, redis: [], postgres: null });
    expect(findings.map(({ part, fault, warnings }) => [part, fault, warnings.length])).toEqual([
      ['Redis', null, 0],
      ['PostgreSQL', null, 0],
      ['Workers', null, 1],
    ]);
  });
});

describe('the taxonomy', () => {
  it('is told by its version and fields, or by what is wrong with its file', async () => {
    const found = await examineTaxonomy('my.yaml', async () => ({ version: '3', fields: [1, 2] }));
    expect(found.words).toBe('version 3, 2 fields, my.yaml');
    const wrong = async () => {
      throw new AppError('TAXONOMY_INVALID', 'no fields');
    };
    expect(await examineTaxonomy('my.yaml', wrong)).toMatchObject({ fault: { code: 'TAXONOMY_INVALID' } });
  });
});

describe('the data folder', () => {
  const disk = {
    folder: join(tmpdir(), 'not', 'there', 'yet'),
    isUsed: true,
    freeMegabytes: () => 500,
    checkRoom: () => undefined,
    toError: (_folder: string, error: unknown) => new AppError('DATA_FOLDER_UNUSABLE', String(error)),
  };

  it('with little room is warned of where it is used', async () => {
    expect((await examineDisk(disk)).warnings).toEqual([
      'Only 500 MB are left on its disk. Free some, or set VAMBE_DATA_DIR to another disk.',
    ]);
    expect((await examineDisk({ ...disk, isUsed: false })).warnings).toEqual([]);
  });

  it('that cannot be used is a fault', async () => {
    const checkRoom = () => {
      throw new Error('full');
    };
    expect(await examineDisk({ ...disk, checkRoom })).toMatchObject({ fault: { code: 'DATA_FOLDER_UNUSABLE' } });
  });
});

describe('packages of the embedded servers', () => {
  const missing = () => {
    throw new AppError('EMBEDDED_UNAVAILABLE', 'not for this machine');
  };

  it('are a fault only where one is needed that is missing', async () => {
    const valkey = { name: 'Valkey', isNeeded: false, look: missing };
    const postgres = { name: 'PostgreSQL', isNeeded: true, look: () => 'there' };
    expect(await examinePackages('linux x64', [postgres, valkey])).toMatchObject({
      fault: null,
      words: 'PostgreSQL is installed, Valkey is not installed, and not needed',
    });
    expect(await examinePackages('linux x64', [{ ...valkey, isNeeded: true }])).toMatchObject({
      fault: { code: 'EMBEDDED_UNAVAILABLE' },
    });
  });
});
