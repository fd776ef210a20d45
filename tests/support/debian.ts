import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ToolstackError} from '../../toolstack/errors.ts';
import {buildDebian, type GuestImage, type GuestRoot} from '../../toolstack/image/debian.ts';
import {alone} from './image-lock.ts';

/** The Debian guest, or why there is none. */
export type DebianGuest = {readonly image: GuestImage} | {readonly missing: string};

/**
 * Builds the Debian guest for the tests of a file. PVSIM_TEST_DEBIAN names a directory in which it is kept from run to
 * run; otherwise it goes with the tests.
 */
export const debianGuest = async (root?: GuestRoot): Promise<DebianGuest> => {
  const kept = process.env.PVSIM_TEST_DEBIAN;
  const directory = kept ?? mkdtempSync(join(tmpdir(), 'pv-debian-'));
  // Not by a hook of the tests: ava takes none before it has seen the file to its end.
  if (kept === undefined) process.once('exit', () => rmSync(directory, {recursive: true, force: true}));
  try {
    return {image: await alone(directory, () => buildDebian({directory, root, progress: () => undefined}))};
  } catch (error) {
    if (error instanceof ToolstackError) return {missing: error.message};
    throw error;
  }
};
