import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ToolstackError} from '../../toolstack/errors.ts';
import {buildGrub, type GrubImage} from '../../toolstack/image/grub.ts';
import {alone} from './image-lock.ts';

/** GRUB's image, or why there is none. */
export type GrubGuest = {readonly image: GrubImage} | {readonly missing: string};

/**
 * Builds GRUB with files for its memory disk. Below PVSIM_TEST_DEBIAN, when that is set, its packages are kept from run
 * to run; otherwise all goes with the tests.
 */
export const grubGuest = async (memdisk: readonly string[]): Promise<GrubGuest> => {
  const kept = process.env.PVSIM_TEST_DEBIAN;
  const name = memdisk.length === 0 ? 'grub' : 'grub-script';
  const directory = kept === undefined ? mkdtempSync(join(tmpdir(), 'pv-grub-')) : join(kept, name);
  if (kept === undefined) process.once('exit', () => rmSync(directory, {recursive: true, force: true}));
  try {
    return {image: await alone(directory, () => buildGrub({directory, memdisk, progress: () => undefined}))};
  } catch (error) {
    if (error instanceof ToolstackError) return {missing: error.message};
    throw error;
  }
};
