import {readFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {PrivateApt, unpackPackageOnce} from '../../toolstack/image/apt.ts';
import {MODE_PROGRAM, newcArchive} from '../../toolstack/image/cpio.ts';
import type {GuestImage} from '../../toolstack/image/debian.ts';
import {alone} from './image-lock.ts';

const MULTIARCH = 'i386-linux-gnu';
/** What starts any program that loads libraries. */
const LOADER = [`lib/${MULTIARCH}/ld-linux.so.2`, `lib/${MULTIARCH}/libc.so.6`];

/** Programs of Debian's packages for the guest, and the libraries that they load besides that of C: paths in the packages. */
export interface DebianPrograms {
  readonly packages: readonly string[];
  readonly programs: readonly string[];
  readonly libraries: readonly string[];
}

/** The guest's initramfs with programs behind it: Linux unpacks one archive after the other. */
export const ramdiskWith = async (
  {ramdisk}: GuestImage,
  {packages, programs, libraries}: DebianPrograms,
): Promise<Uint8Array> => {
  const directory = dirname(ramdisk);
  const files = join(directory, 'programs');
  await alone(directory, async () => {
    const apt = new PrivateApt({directory: join(directory, 'apt'), architecture: 'i386', sources: 'Debian 12'});
    for (const file of await apt.download(['libc6', ...packages])) await unpackPackageOnce(file, files);
  });
  const placed = (folder: string) => (path: string) => ({
    path: `${folder}/${basename(path)}`,
    mode: MODE_PROGRAM,
    content: readFileSync(join(files, path)),
  });
  const entries = [...programs.map(placed('bin')), ...[...LOADER, ...libraries].map(placed('lib'))];
  return Buffer.concat([readFileSync(ramdisk), newcArchive(entries)]);
};
