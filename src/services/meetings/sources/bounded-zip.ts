/** Reads members of a zip archive, never more of them than they may be when unpacked. */
import { unzipSync } from 'fflate';
import { AppError } from '../../../core/errors.ts';

const maxMembers = 10_000;
const maxUnpackedBytes = 256 * 1024 ** 2;

export interface ZipChoice {
  /** As the user gave it, for messages. */
  readonly path: string;
  /** Which members are read. */
  isWanted(name: string): boolean;
}

/**
 * Members by name. A member is unpacked into a buffer of the size that the archive states, so one that unpacks to more is
 * cut, not followed. @throws AppError INPUT_FILE_INVALID
 */
export function readZip(bytes: Uint8Array, { path, isWanted }: ZipChoice): Readonly<Record<string, Uint8Array>> {
  let members = 0;
  let unpackedBytes = 0;
  const filter = ({ name, originalSize }: { name: string; originalSize: number }): boolean => {
    members += 1;
    if (members > maxMembers) throw new TooLargeError(`has more than ${maxMembers.toLocaleString('en')} members`);
    if (!isWanted(name)) return false;
    unpackedBytes += originalSize;
    if (unpackedBytes <= maxUnpackedBytes) return true;
    throw new TooLargeError(`unpacks to more than ${maxUnpackedBytes / 1024 ** 2} MiB`);
  };
  try {
    return unzipSync(bytes, { filter });
  } catch (cause) {
    const problem = cause instanceof TooLargeError ? `${cause.message}. Split it.` : 'is damaged. Save it again.';
    throw new AppError('INPUT_FILE_INVALID', `"${path}" ${problem}`, { cause });
  }
}

class TooLargeError extends Error {}
