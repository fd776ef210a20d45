import {execFile} from 'node:child_process';
import {chmod, mkdir, readdir, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {promisify} from 'node:util';
import {ToolstackError} from '../errors.ts';
import {type PrivateApt, unpackPackage} from './apt.ts';
import {type CpioEntry, MODE_DIRECTORY, MODE_SYMLINK} from './cpio.ts';
import {baseFiles} from './initramfs.ts';

const run = promisify(execFile);

/** What a test of a disk wants to have at hand. */
const TOOLS = ['e2fsprogs', 'sg3-utils', 'mtx', 'fio'];
/** Room for their libraries, 100 MiB, and as much again. */
const SIZE = '256M';
/** Of what the packages hold, nobody reads these in a guest. */
const LEFT_OUT = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'usr/share/lintian'];
const PERMISSIONS = 0o7777;
/** Where mke2fs is, which a user's PATH may not have. */
const ADMIN_PATH = '/usr/sbin:/sbin';
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;

export interface RootDiskOptions {
  /** Where to put the disk. */
  readonly image: string;
  /** The file system's files, made anew. */
  readonly directory: string;
  readonly apt: PrivateApt;
  readonly busybox: Uint8Array;
  readonly progress: (line: string) => void;
}

/** Makes an ext4 disk to boot from: busybox, and Debian's tools for disks with the libraries that they load. No root needed. */
export const buildRootDisk = async ({image, directory, apt, busybox, progress}: RootDiskOptions): Promise<void> => {
  const names = [...TOOLS, ...(await apt.libraries(TOOLS))];
  progress(`downloading ${TOOLS.join(', ')} and ${names.length - TOOLS.length} libraries`);
  const packages = await apt.download(names);
  await rm(directory, {recursive: true, force: true});
  await mkdir(directory, {recursive: true});
  for (const [i, file] of packages.entries()) {
    progress(`unpacking ${i + 1}/${packages.length} ${basename(file)}`);
    await unpackPackage(file, directory);
  }
  for (const path of LEFT_OUT) await rm(join(directory, path), {recursive: true, force: true});
  for (const entry of baseFiles(busybox)) await place(directory, entry);
  progress(`making ${basename(image)}`);
  await makeExt4(image, directory);
};

const place = async (directory: string, {path, mode, content}: CpioEntry): Promise<void> => {
  const file = join(directory, path);
  if (mode === MODE_DIRECTORY) await mkdir(file, {recursive: true});
  else if (mode === MODE_SYMLINK) await symlink(Buffer.from(content).toString(), file);
  else {
    await writeFile(file, content);
    await chmod(file, mode & PERMISSIONS);
  }
};

const makeExt4 = async (image: string, directory: string): Promise<void> => {
  const draft = `${image}.new`;
  await rm(draft, {force: true});
  const options = ['-q', '-t', 'ext4', '-L', 'pvsim-root', '-E', 'root_owner=0:0'];
  await runTool('mke2fs', [...options, '-d', directory, draft, SIZE]);
  if (process.getuid?.() !== 0) await giveToRoot(draft, directory);
  // A guest that runs from the old one goes on with it.
  await rename(draft, image);
};

/** mke2fs takes the owners of the files as they are, and only root's program makes files of root's. */
const giveToRoot = async (image: string, directory: string): Promise<void> => {
  const paths = await readdir(directory, {recursive: true});
  const script = `${image}.debugfs`;
  const lines = paths.flatMap((path) => [`sif "/${path}" uid 0`, `sif "/${path}" gid 0`]);
  await writeFile(script, `${lines.join('\n')}\n`);
  await runTool('debugfs', ['-w', '-f', script, image]);
  await rm(script);
};

const runTool = async (program: string, args: readonly string[]): Promise<void> => {
  const env = {...process.env, PATH: `${process.env.PATH}:${ADMIN_PATH}`};
  await run(program, args, {env, maxBuffer: MAX_OUTPUT_BYTES}).catch((error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isMissing ? 'not installed (package e2fsprogs)' : String((error as {stderr?: string}).stderr);
    throw new ToolstackError('EIO', `pvsim: ${program}: ${reason.split('\n')[0]}`);
  });
};
