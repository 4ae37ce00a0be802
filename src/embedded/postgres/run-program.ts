/** Runs a program to its end and collects what it said. */
import { spawn } from 'node:child_process';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** undefined: this process's own. */
  readonly env?: Record<string, string> | undefined;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Finished {
  /** null: it could not be started, or was ended by a signal. */
  readonly code: number | null;
  readonly stderr: string;
}

const maxOutputLength = 64 * 1024;

/** Never throws: a program that is missing or takes too long is an outcome too. */
export function runProgram(
  command: Command,
  { cwd, input, timeoutMs = 10_000 }: { cwd?: string; input?: string; timeoutMs?: number } = {},
): Promise<Finished> {
  const { program, args, ...identity } = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...identity, cwd, stdio: ['pipe', 'ignore', 'pipe'] });
    let stderr = '';
    const timer = setTimeout(() => {
      stderr += `\nended after ${timeoutMs} ms`;
      child.kill('SIGKILL');
    }, timeoutMs);
    const finish = (code: number | null) => {
      clearTimeout(timer);
      resolve({ code, stderr });
    };
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < maxOutputLength) stderr += text;
    });
    child.stdin.on('error', () => undefined); // Ended before it read everything: its exit code says so.
    child.once('error', (error) => {
      stderr += error.message;
      finish(null);
    });
    child.once('close', finish);
    child.stdin.end(input);
  });
}
