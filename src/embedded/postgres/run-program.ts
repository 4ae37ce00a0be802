/** Runs a program to its end and collects its output. */
import { spawn } from 'node:child_process';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** undefined: the environment of this process. */
  readonly env?: Record<string, string> | undefined;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Finished {
  /** null: the program could not be started, or a signal ended it. */
  readonly code: number | null;
  readonly stderr: string;
}

const maxOutputLength = 64 * 1024;

/** Never throws: a missing program and a timeout are outcomes too. */
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
    child.stdin.on('error', () => undefined); // The program ended before it read everything; its exit code shows that.
    child.once('error', (error) => {
      stderr += error.message;
      finish(null);
    });
    child.once('close', finish);
    child.stdin.end(input);
  });
}
