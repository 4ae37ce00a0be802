/** Who sits at this command line, for audit rows. */
import { userInfo } from 'node:os';

/** `cli:<user of this machine>`; `cli` where the system knows no name. */
export function currentActor(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    // A container may run under a user id without an entry in /etc/passwd.
    return 'cli';
  }
}
