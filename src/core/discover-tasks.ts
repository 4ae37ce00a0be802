/** Finds tasks in a folder: each file there that exports one. Adding a file is all it takes to add a task. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as z from 'zod';
import { AppError } from './errors.ts';
import * as outcomes from './outcome.ts';
import { defineTask, type Task } from './task.ts';

/** What a task file outside this package may export as its default, so that it needs to import nothing. */
export type TaskFactory = (kit: TaskKit) => Task | readonly Task[];

export type TaskKit = { readonly defineTask: typeof defineTask; readonly z: typeof z } & Pick<
  typeof outcomes,
  'complete' | 'fail' | 'retry' | 'snooze' | 'stepBack' | 'namedError'
>;

/** @throws AppError TASK_INVALID for a folder that cannot be read, a file that cannot be loaded or holds no task */
export async function discoverTasks(folder: string): Promise<readonly Task[]> {
  const entries = await readdir(folder).catch((cause) => {
    throw new AppError(
      'TASK_INVALID',
      `The task folder ${folder} cannot be read. Give --tasks a folder with task files.`,
      { cause },
    );
  });
  const files = entries.filter((each) => /\.[cm]?[jt]s$/.test(each) && !/\.d\.[cm]?ts$/.test(each)).sort();
  const found = await Promise.all(files.map((file) => loadTasks(path.resolve(folder, file))));
  return found.flat();
}

async function loadTasks(file: string): Promise<readonly Task[]> {
  let exported: Record<string, unknown>;
  try {
    exported = await import(pathToFileURL(file).href);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new AppError('TASK_INVALID', `The task file ${file} cannot be loaded: ${words}`, { cause });
  }
  // Only the default export is called: any other function of the file is its own business.
  const values = await Promise.all(
    Object.entries(exported).map(([name, value]) =>
      name === 'default' && typeof value === 'function' ? callFactory(file, value as TaskFactory) : value,
    ),
  );
  // A task may be exported under its name and as the default too.
  const tasks = [...new Set(values.flat().filter(isTask))];
  if (tasks.length === 0) {
    throw new AppError(
      'TASK_INVALID',
      `The task file ${file} exports no task. Export what defineTask() returns, or a default function ({ defineTask, z, complete }) => task.`,
    );
  }
  return tasks;
}

async function callFactory(file: string, factory: TaskFactory): Promise<Task | readonly Task[]> {
  const { complete, fail, retry, snooze, stepBack, namedError } = outcomes;
  try {
    // Whole and from node_modules: the parts that this program uses are bundled, and they are a quarter of it.
    const z = await import('zod');
    return factory({ defineTask, z, complete, fail, retry, snooze, stepBack, namedError });
  } catch (cause) {
    throw new AppError(
      'TASK_INVALID',
      `The task file ${file} failed while it made its task: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && 'bind' in value && 'run' in value && 'name' in value;
}
