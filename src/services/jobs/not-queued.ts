/** What a person is told when jobs were accepted and Redis did not take them. */
export function describeNotQueued(jobs: 'one' | 'several'): string {
  return jobs === 'one'
    ? 'Redis did not take the job; a worker picks it up from the database within a minute.'
    : 'Redis did not take the jobs; a worker picks them up from the database within a minute.';
}
