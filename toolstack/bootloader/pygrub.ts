import {BootError} from './boot-error.ts';
import type {ByteSource} from './disk-reader.ts';
import {ExtFileSystem} from './ext.ts';
import type {FileReader} from './file-reader.ts';
import {type MenuEntry, parseGrubConfig} from './grub-menu.ts';
import {IsoFileSystem} from './iso9660.ts';
import {partitionsOf} from './partitions.ts';

/** What a bootloader has found on a disk. */
export interface BootFiles {
  readonly kernel: Buffer;
  readonly ramdisk: Buffer | undefined;
  readonly args: string;
}

const CONFIGS = ['/boot/grub/grub.cfg', '/grub/grub.cfg', '/boot/grub2/grub.cfg', '/grub2/grub.cfg'];

/** Arguments that are about a menu on the screen, of which there is none here. */
const IGNORED = new Set(['-q', '--quiet']);

interface Choice {
  readonly entry: string | undefined;
  readonly kernel: string | undefined;
  readonly ramdisk: string | undefined;
}

/**
 * Does what Xen's pygrub does in dom0: reads kernel and ramdisk off the guest's disk as its grub.cfg says. The disk may
 * have partitions; its file system has to be ext2, ext3, ext4 or ISO 9660. BootError for everything else.
 */
export const pygrub = async (disk: ByteSource, args: readonly string[]): Promise<BootFiles> => {
  const choice = parseArguments(args);
  let reason = new BootError('it has no file system of the kinds ext2, ext3, ext4 or ISO 9660');
  for (const source of [disk, ...(await partitionsOf(disk))]) {
    try {
      const files = (await ExtFileSystem.open(source)) ?? (await IsoFileSystem.open(source));
      const entry = files === undefined ? undefined : await chooseEntry(files, choice);
      if (files !== undefined && entry !== undefined) return await load(files, entry);
      if (files !== undefined) reason = new BootError(`it has none of ${CONFIGS.join(', ')}`);
    } catch (error) {
      if (!(error instanceof BootError)) throw error;
      reason = error;
    }
  }
  throw reason;
};

const chooseEntry = async (files: FileReader, choice: Choice): Promise<MenuEntry | undefined> => {
  const {kernel, ramdisk} = choice;
  if (kernel !== undefined) {
    const isHere = (await files.readFile(kernel)) !== undefined;
    return isHere ? {title: '', kernel, ramdisks: ramdisk === undefined ? [] : [ramdisk], args: ''} : undefined;
  }
  for (const config of CONFIGS) {
    const text = await files.readFile(config);
    if (text === undefined) continue;
    const menu = parseGrubConfig(text.toString());
    const wanted = choice.entry ?? menu.default ?? '0';
    const entry = menu.entries.find(({title}, i) => title === wanted || String(i) === wanted);
    if (entry !== undefined) return entry;
    throw new BootError(`its ${config} has no entry "${wanted}" that starts Linux`);
  }
  return undefined;
};

const load = async (files: FileReader, {kernel, ramdisks, args}: MenuEntry): Promise<BootFiles> => {
  const read = async (path: string): Promise<Buffer> => {
    const content = await files.readFile(path);
    if (content === undefined) throw new BootError(`it has no ${path}`);
    return content;
  };
  const parts: Buffer[] = [];
  for (const path of ramdisks) parts.push(await read(path));
  return {kernel: await read(kernel), ramdisk: parts.length === 0 ? undefined : Buffer.concat(parts), args};
};

const parseArguments = (args: readonly string[]): Choice => {
  const choice: Record<string, string | undefined> = {};
  for (const arg of args) {
    const [, name, value] = /^--(entry|kernel|ramdisk)=(.*)$/s.exec(arg) ?? [];
    if (name !== undefined) choice[name] = value;
    else if (!IGNORED.has(arg))
      throw new BootError(`its argument ${arg} is not supported (--entry=, --kernel=, --ramdisk=)`);
  }
  return {entry: choice.entry, kernel: choice.kernel, ramdisk: choice.ramdisk};
};
