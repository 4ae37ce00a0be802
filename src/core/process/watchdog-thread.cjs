/**
 * The watchdog's thread: measures how long the event loop has sent no beats, and ends the process at the limit.
 * CommonJS and unchanged in the build, because the ES module loader needs the event loop, which may already be blocked.
 */
'use strict';
const { writeSync } = require('node:fs');
const { workerData } = require('node:worker_threads');

/** As watchdog.ts hands them over. */
const { beats, limitMs, checkMs, format } = workerData;
let lastBeat = -1;
let lastMs = performance.now();
let stoodMs = 0;

setInterval(() => {
  const nowMs = performance.now();
  const beat = Atomics.load(beats, 0);
  // If this check itself is late, the whole process was stopped (SIGSTOP, a closed laptop): count only two intervals.
  stoodMs = beat === lastBeat ? stoodMs + Math.min(nowMs - lastMs, 2 * checkMs) : 0;
  [lastBeat, lastMs] = [beat, nowMs];
  if (stoodMs < limitMs) return;
  tell(Math.round(stoodMs / 1_000));
  process.kill(process.pid, 'SIGKILL');
}, checkMs);

/** Writes directly to stderr: a stream would wait for the blocked event loop. */
function tell(blockedSeconds) {
  const next = 'this process ends; the job that blocked it runs isolated in another';
  const fields = { event: 'worker.blocked', blocked_s: blockedSeconds, pid: process.pid, next };
  const now = new Date();
  const line =
    format === 'json'
      ? JSON.stringify({ level: 'error', time: now.toISOString(), ...fields })
      : `💥 ${now.toTimeString().slice(0, 8)} ERROR worker.blocked  blocked_s=${blockedSeconds} pid=${process.pid} next="${next}"`;
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // The reading process ended; this one ends all the same.
  }
}
