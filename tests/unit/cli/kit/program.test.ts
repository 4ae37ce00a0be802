import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { Cli, CommandEntry } from '../../../../src/cli/kit/cli.ts';
import { oneOf, wholeNumber, withExample } from '../../../../src/cli/kit/help.ts';
import { run } from '../../../../src/cli/kit/program.ts';
import { AppError } from '../../../../src/core/errors.ts';
import { makeCommand, makeIo, makeStream, runWith } from '../fake-io.ts';

const greet = makeCommand('greet', (cli) => cli.out('hello'));
const fail = (error: unknown) =>
  makeCommand('greet', () => {
    throw error;
  });

describe('a command that goes well', () => {
  it('ends with 0, its data on stdout and nothing on stderr', async () => {
    expect(await runWith('greet', [greet])).toMatchObject({ exitCode: 0, out: 'hello\n', err: '' });
  });

  it('ends with the code it asked for', async () => {
    expect((await runWith('greet', [makeCommand('greet', (cli) => cli.exitWith(4))])).exitCode).toBe(4);
  });

  it.each([['--json greet'], ['greet --json']])('knows of --json in "%s"', async (line) => {
    const command = makeCommand('greet', (cli) => cli.json && cli.document({ said: 'hello' }));
    expect((await runWith(line, [command])).out).toBe('{"said":"hello"}\n');
  });

  it('takes what follows -- for an argument', async () => {
    const command = makeCommand(
      'greet',
      (cli) => cli.out(`json: ${cli.json}`),
      (each) => each.argument('<word>'),
    );
    expect((await runWith('greet -- --json', [command])).out).toBe('json: false\n');
  });

  it('leaves no listener behind', async () => {
    const { stdout, stderr, signals } = await runWith('greet', [greet]);
    expect([stdout.listenerCount('error'), stderr.listenerCount('error'), signals.eventNames()]).toEqual([0, 0, []]);
  });
});

describe('a command that fails', () => {
  it('prints one sentence and ends with the code of its error', async () => {
    const ended = await runWith('greet', [fail(new AppError('NOT_FOUND', 'There is no meeting 7.'))]);
    expect(ended).toMatchObject({ exitCode: 3, out: '', err: 'vambe: There is no meeting 7.\n' });
  });

  it('with --json gives one document on stdout', async () => {
    const ended = await runWith('greet --json', [fail(new AppError('REDIS_REFUSED', 'Redis refused us.'))]);
    expect(ended.exitCode).toBe(5);
    expect(JSON.parse(ended.out)).toEqual({ success: false, error: 'Redis refused us.', code: 'REDIS_REFUSED' });
  });

  it('adds no second document where one is out already', async () => {
    const command = makeCommand('greet', (cli) => {
      cli.document({ done: 3 });
      throw new AppError('SOME_ITEMS_FAILED', '1 of 4 failed.');
    });
    const ended = await runWith('greet --json', [command]);
    expect(ended).toMatchObject({ exitCode: 4, out: '{"done":3}\n', err: 'vambe: 1 of 4 failed.\n' });
  });

  it('shows the stack of a fault of ours, without the passwords in it', async () => {
    const ended = await runWith('greet', [fail(new TypeError('no x of redis://u:hidden@h'))]);
    expect(ended.exitCode).toBe(1);
    expect(ended.err).toMatch(/^vambe: a fault of this program: TypeError: no x of redis:\/\/u:\*\*\*@h\n\s+at /);
  });
});

describe('a wrong command line', () => {
  it.each([
    ['gret', "unknown command 'gret'. Did you mean greet?", 'Usage: vambe [options] [command]'],
    ['greet --lod', "unknown option '--lod'. Did you mean --loud?", 'Usage: vambe greet [options]'],
    ['greet x', "too many arguments for 'greet'. Expected 0 arguments but got 1.", 'Usage: vambe greet [options]'],
    ['greet --as shot', 'It must be one of shout, whisper. Did you mean shout?', 'Usage: vambe greet [options]'],
  ])('"%s" ends with 2, a suggestion and the usage', async (line, sentence, usage) => {
    const command = makeCommand(
      'greet',
      () => {},
      (each) => each.option('--loud').option('--as <manner>', 'how', oneOf(['shout', 'whisper'])),
    );
    const ended = await runWith(line, [command]);
    expect(ended).toMatchObject({ exitCode: 2, out: '' });
    expect(ended.err).toContain(sentence);
    expect(ended.err).toContain(usage);
    expect(ended.err).toMatch(/^vambe: /);
    const inJson = await runWith(`${line} --json`, [command]);
    expect(JSON.parse(inJson.out)).toMatchObject({ success: false, code: 'USAGE' });
  });

  it.each([
    ['greet al', "unknown command 'al'. Did you mean all? Known: all, none."],
    ['greet somebody', "unknown command 'somebody'. Known: all, none."],
    ['leave al', "unknown command 'al'. Did you mean all? Known: all, none."],
  ])(
    '"%s" names the subcommands there are, whether the command does something by itself or not',
    async (line, words) => {
      const addSubcommands = (each: Command) => {
        each.command('all').action(() => {});
        each.command('none').action(() => {});
        each.helpCommand(false);
      };
      const greetSome = makeCommand('greet', () => {}, addSubcommands);
      const leave: CommandEntry = {
        name: 'leave',
        load: async () => ({ register: (program) => addSubcommands(program.command('leave')) }),
      };
      const ended = await runWith(line, [greetSome, leave]);
      expect(ended).toMatchObject({ exitCode: 2, out: '' });
      expect(ended.err).toBe(
        `vambe: ${words}\nUsage: vambe ${line.split(' ')[0]} [options] [command] ("vambe ${line.split(' ')[0]} --help" tells more)\n`,
      );
    },
  );

  it('names an argument as the usage line does', async () => {
    const command = makeCommand(
      'greet',
      () => {},
      (each) => each.argument('<times>', 'how often', wholeNumber({ min: 1, max: 9 })),
    );
    const { err } = await runWith('greet often', [command]);
    expect(err).toMatch(/^vambe: argument <times> 'often' is invalid\. It must be a whole number from 1 to 9\.\n/);
  });

  it('without a command shows the help on stderr', async () => {
    const ended = await runWith('', [greet]);
    expect(ended).toMatchObject({ exitCode: 2, out: '' });
    expect(ended.err).toContain('Usage: vambe');
  });
});

describe('help', () => {
  it('goes to stdout, lists every command and ends with the exit codes', async () => {
    const ended = await runWith('--help', [
      { ...greet, summary: 'greets' },
      { ...makeCommand('leave', () => {}), summary: 'leaves' },
    ]);
    expect(ended.exitCode).toBe(0);
    expect(ended.out).toMatch(/greet +greets\n +leave +leaves\n/);
    expect(ended.out.trimEnd()).toMatch(/Exit codes:\n {2}0 {4}done\n[\s\S]*130 {2}interrupted \(143: terminated\)$/);
  });

  it('of a command shows its example and the global options', async () => {
    const command = makeCommand(
      'greet',
      () => {},
      (each) => withExample(each, 'vambe greet --loud'),
    );
    const { out, exitCode } = await runWith('greet --help', [command]);
    expect(exitCode).toBe(0);
    expect(out).toContain('--json');
    expect(out).toContain('Example:\n  $ vambe greet --loud');
  });

  it('loads no other command than the one that is named', async () => {
    const other = { name: 'other', load: () => Promise.reject(new Error('loaded')) };
    expect((await runWith('greet', [other, greet])).exitCode).toBe(0);
  });

  it('--version is the bare version', async () => {
    expect(await runWith('--version', [greet])).toMatchObject({ exitCode: 0, out: '1.2.3\n', err: '' });
  });
});

describe('Ctrl-C', () => {
  /** Runs a command that can send signals to its own process. */
  async function runSignalled(argv: string[], action: (cli: Cli, send: (name: string) => void) => unknown) {
    const fake = makeIo();
    const send = (name: string) => fake.signals.emit(name, name);
    const commands = [makeCommand('greet', (cli) => action(cli, send))];
    const exitCode = await run(argv, { commands, version: '1', io: fake.io });
    return { exitCode, exits: fake.exits, out: fake.stdout.text(), err: fake.stderr.text() };
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('once (%s) aborts the signal and says so; the command ends by itself, with %d', async (name, code) => {
    const ended = await runSignalled(['greet'], (cli, send) => {
      send(name);
      cli.out(`aborted: ${cli.signal.aborted}`);
    });
    expect(ended).toMatchObject({ exitCode: code, exits: [], out: 'aborted: true\n' });
    expect(ended.err).toContain('Ctrl-C again leaves at once');
  });

  it('twice leaves at once', async () => {
    const ended = await runSignalled(['greet'], (_cli, send) => {
      send('SIGINT');
      send('SIGINT');
    });
    expect(ended.exits).toEqual([130]);
  });

  it('needs no words for an operation that ends by our own abort', async () => {
    const ended = await runSignalled(['greet', '--json'], (cli, send) => {
      send('SIGINT');
      cli.signal.throwIfAborted();
    });
    expect(ended).toMatchObject({ exitCode: 130, out: '' });
    expect(ended.err).not.toContain('fault');
  });

  it('is the business of a command that took it over', async () => {
    const ended = await runSignalled(['greet'], (cli, send) => {
      cli.takeOverShutdown();
      send('SIGINT');
      cli.out(`aborted: ${cli.signal.aborted}`);
    });
    expect(ended).toMatchObject({ exitCode: 0, exits: [], out: 'aborted: false\n', err: '' });
  });
});

describe('a stdout that takes nothing', () => {
  it('because its reader left ends quietly', async () => {
    const { exits, err } = await runWith('greet', [greet], { stdout: makeStream({ failure: 'EPIPE' }) });
    expect([exits, err]).toEqual([[0], '']);
  });

  it('because the disk is full is told, with exit code 1', async () => {
    const { exits, err } = await runWith('greet', [greet], { stdout: makeStream({ failure: 'ENOSPC' }) });
    expect([exits, err]).toEqual([[1], 'vambe: stdout cannot be written (ENOSPC).\n']);
  });

  it('stops no command that took shutdown over', async () => {
    const worker = makeCommand('greet', (cli) => {
      cli.takeOverShutdown();
      cli.out('hello');
    });
    const { exits, exitCode } = await runWith('greet', [worker], { stdout: makeStream({ failure: 'EPIPE' }) });
    expect([exits, exitCode]).toEqual([[], 0]);
  });

  it('and a stderr that takes nothing stop no work either', async () => {
    const noisy = makeCommand('greet', (cli) => {
      cli.note('working');
      cli.out('hello');
    });
    const { exits, exitCode, out } = await runWith('greet', [noisy], { stderr: makeStream({ failure: 'EPIPE' }) });
    expect([exits, exitCode, out]).toEqual([[], 0, 'hello\n']);
  });
});

describe('settings', () => {
  const command = makeCommand('greet', (cli) => {
    cli.config();
    cli.out(String(cli.config().config.port));
  });

  it('are read once, and their warnings noted once on stderr', async () => {
    const ended = await runWith('greet', [command], { environment: { REDIS_SENTINEL: 'x', PORT: '4000' } });
    expect(ended.out).toBe('4000\n');
    expect(ended.err.match(/REDIS_SENTINEL/g)).toHaveLength(1);
  });

  it('that are wrong end with 2 before the command did anything', async () => {
    const ended = await runWith('greet', [command], { environment: { REDIS_ULR: 'x', PORT: 'y' } });
    expect(ended).toMatchObject({ exitCode: 2, out: '' });
    expect(ended.err).toMatch(/^vambe: 2 settings are wrong:\n/);
  });
});
