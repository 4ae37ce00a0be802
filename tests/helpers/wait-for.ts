/** Polls a fact with a deadline; tests wait for nothing else. */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 30_000,
): Promise<T> {
  for (const until = Date.now() + deadlineMs; ; ) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
