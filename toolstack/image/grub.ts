import {execFile} from 'node:child_process';
import {copyFile, mkdir, rename, rm, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {promisify} from 'node:util';
import {ToolstackError} from '../errors.ts';
import {strerror} from '../strerror.ts';
import {PrivateApt, unpackPackageOnce} from './apt.ts';
import {replaceFile} from './replace-file.ts';

const run = promisify(execFile);

const FORMAT = 'i386-xen_pvh';
/** As Debian's grub-xen-host names it, where it comes ready made. */
const IMAGE = `grub-${FORMAT}.bin`;
/** What GRUB runs. */
const SCRIPT = 'grub.cfg';
/** An embedded config is for the rescue parser, which knows no `if` and no `for`: it calls the script, which has all. */
const EMBEDDED = `configfile (memdisk)/${SCRIPT}\n`;
const PREFIX = '/boot/grub';

/** grub-mkimage comes from grub-common, and the one library of it that not every Debian has. */
const PACKAGES = ['grub-xen-bin', 'grub-common', 'libdevmapper1.02.1'];

/** grub-xen-bin's architectures, by Node's name. */
const architectures: Readonly<Record<string, {readonly name: string; readonly triplet: string} | undefined>> = {
  x64: {name: 'amd64', triplet: 'x86_64-linux-gnu'},
  ia32: {name: 'i386', triplet: 'i386-linux-gnu'},
};

/** Built in, as there is no other disk to load modules from. The drivers for Xen's devices are in GRUB's kernel. */
const MODULES = `
  memdisk tar normal configfile test true echo regexp eval read sleep help
  part_msdos part_gpt ext2 iso9660 fat xfs btrfs gzio xzio loopback
  ls cat cmp hexdump probe search search_fs_file search_fs_uuid search_label
  hashsum gcry_md5 gcry_sha1 gcry_sha256 loadenv lsmmap minicmd date cpuid
  linux multiboot halt reboot`
  .trim()
  .split(/\s+/);

/** What it does without a script of the user's: the boot menu of a disk, as Xen's pvgrub. */
const BOOT_FROM_DISK = `for config in /boot/grub/grub.cfg /grub/grub.cfg /boot/grub2/grub.cfg /grub2/grub.cfg; do
  if search --set=root --file $config; then
    regexp --set=1:directory '(.*)/grub.cfg' $config
    set prefix=($root)$directory
    configfile $config
  fi
done
echo "no disk has a /boot/grub/grub.cfg"
`;

export interface GrubOptions {
  /** Where the image and its config go. */
  readonly directory: string;
  /** Files for GRUB's memory disk; one called grub.cfg is the script that it runs. */
  readonly memdisk: readonly string[];
  readonly progress: (line: string) => void;
}

export interface GrubImage {
  /** Absolute paths. */
  readonly kernel: string;
  readonly config: string;
}

/**
 * Makes GRUB for PVH from Debian's grub-xen-bin, unmodified, with the files of `memdisk` in it. Packages are kept below
 * the directory and are not downloaded again; nothing of the system is changed. ToolstackError in one line.
 */
export const buildGrub = async ({directory, memdisk, progress}: GrubOptions): Promise<GrubImage> => {
  const architecture = architectures[process.arch];
  if (architecture === undefined) {
    throw new ToolstackError('ENOTSUP', `pvsim: grub-mkimage for ${FORMAT} is for amd64 and i386: build it there`);
  }
  const archive = await packMemdisk(directory, memdisk);
  const files = await installTools(directory, architecture.name, progress);
  const image = {kernel: join(directory, IMAGE), config: join(directory, 'pvgrub.cfg')};
  progress(`making ${IMAGE}`);
  const env = {...process.env, LD_LIBRARY_PATH: join(files, 'lib', architecture.triplet)};
  const draft = `${image.kernel}.new`;
  const embedded = join(directory, 'embedded.cfg');
  await writeFile(embedded, EMBEDDED);
  const options = ['-O', FORMAT, '-d', join(files, 'usr/lib/grub', FORMAT), '-p', PREFIX];
  await run(join(files, 'usr/bin/grub-mkimage'), [...options, '-c', embedded, '-m', archive, '-o', draft, ...MODULES], {
    env,
  }).catch((error: unknown) => {
    throw new ToolstackError('EIO', `pvsim: grub-mkimage: ${firstLine(error)}`);
  });
  await rename(draft, image.kernel);
  await replaceFile(image.config, guestConfig());
  return image;
};

const installTools = async (
  directory: string,
  architecture: string,
  progress: (line: string) => void,
): Promise<string> => {
  const apt = new PrivateApt({directory: join(directory, 'apt'), architecture, sources: 'Debian'});
  const files = join(directory, 'files');
  progress('reading the lists of packages');
  await apt.update();
  progress(`downloading ${PACKAGES.join(', ')}`);
  const packages = await apt.download(PACKAGES);
  await mkdir(files, {recursive: true});
  for (const file of packages) {
    progress(`unpacking ${basename(file)}`);
    await unpackPackageOnce(file, files);
  }
  return files;
};

/** A tar archive with the files side by side. Returns its path. */
const packMemdisk = async (directory: string, paths: readonly string[]): Promise<string> => {
  const folder = join(directory, 'memdisk');
  const names = paths.map((path) => basename(path));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new ToolstackError('EINVAL', `pvsim: --memdisk names two files ${twice}`);
  await rm(folder, {recursive: true, force: true});
  await mkdir(folder, {recursive: true});
  for (const path of paths) {
    await copyFile(path, join(folder, basename(path))).catch((error: unknown) => {
      throw new ToolstackError('ENOENT', `pvsim: ${path}: ${strerror(error as NodeJS.ErrnoException)}`);
    });
  }
  if (!names.includes(SCRIPT)) await writeFile(join(folder, SCRIPT), BOOT_FROM_DISK);
  const members = [...new Set([SCRIPT, ...names])];
  const archive = join(directory, 'memdisk.tar');
  const reproducible = ['--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  await run('tar', [...reproducible, '--format=ustar', '-cf', archive, '-C', folder, '--', ...members]);
  return archive;
};

const firstLine = (error: unknown): string => String((error as {stderr?: string}).stderr ?? error).split('\n')[0];

/** Paths are relative to where xl is run, as always in a config. */
const guestConfig = (): string => `# GRUB for PVH guests, made by: pvsim image build grub
name   = "grub"
type   = "pvh"
kernel = "${IMAGE}"
memory = 128
# It boots what /boot/grub/grub.cfg of a disk says, if it has no script of its own:
# disk = ["format=raw,vdev=xvda,access=rw,target=disk.img"]
`;
