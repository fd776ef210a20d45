import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import type {Clock} from '../../backends/storage/index.ts';
import {ToolstackError} from '../errors.ts';
import {BootError} from './boot-error.ts';
import {DiskReader} from './disk-reader.ts';
import {pygrub} from './pygrub.ts';

export interface BootloaderRequest {
  /** As in the config: a name or a path. */
  readonly bootloader: string;
  readonly args: readonly string[];
  /** What the first disk's `params` name; undefined for a guest without a disk. */
  readonly target: string | undefined;
  /** The config's own command line goes behind the menu's. */
  readonly cmdline: string | undefined;
  readonly clock: Clock | undefined;
}

/** Files that were taken off a guest's disk, until `remove`. */
export interface BootedFiles {
  readonly kernel: string;
  readonly ramdisk: string | undefined;
  readonly cmdline: string;
  remove(): Promise<void>;
}

const EXIT_BUILD_FAILED = 3;
const PVGRUB_HINT = 'kernel= names GRUB for that (pvsim image build grub)';

/** Runs a config's bootloader on the first disk. ToolstackError in one line. */
export const runBootloader = async (request: BootloaderRequest): Promise<BootedFiles> => {
  const {bootloader, args, target, cmdline, clock} = request;
  const name = basename(bootloader);
  if (name !== 'pygrub') {
    const hint = name.startsWith('pvgrub') ? PVGRUB_HINT : 'pygrub is the one that is';
    throw refusal(`bootloader="${bootloader}" is not there: ${hint}`);
  }
  if (target === undefined) throw refusal(`bootloader="${bootloader}": the guest has no disk to boot from`);
  try {
    const disk = await DiskReader.open(target, clock);
    const files = await pygrub(disk, args).finally(() => disk.close());
    return await place(
      files.kernel,
      files.ramdisk,
      [files.args, cmdline ?? ''].filter((text) => text !== '').join(' '),
    );
  } catch (error) {
    if (error instanceof BootError) throw refusal(`${name}: ${target}: ${error.message}`);
    throw error;
  }
};

const place = async (kernel: Buffer, ramdisk: Buffer | undefined, cmdline: string): Promise<BootedFiles> => {
  const directory = await mkdtemp(join(tmpdir(), 'pvsim-boot-'));
  const write = async (name: string, content: Buffer): Promise<string> => {
    await writeFile(join(directory, name), content, {mode: 0o600});
    return join(directory, name);
  };
  return {
    kernel: await write('kernel', kernel),
    ramdisk: ramdisk === undefined ? undefined : await write('ramdisk', ramdisk),
    cmdline,
    remove: () => rm(directory, {recursive: true, force: true}),
  };
};

const refusal = (reason: string): ToolstackError =>
  new ToolstackError('EINVAL', `libxl: error: ${reason}`, EXIT_BUILD_FAILED);
