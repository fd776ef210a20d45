import {mkdir, readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {PrivateApt, unpackPackageOnce} from './apt.ts';
import {guestInitramfs} from './initramfs.ts';
import {GUEST_MODULES, PC_MODULES, withoutSignature} from './modules.ts';
import {replaceFile} from './replace-file.ts';
import {buildRootDisk} from './root-disk.ts';

const ARCHITECTURE = 'i386';
/** The last with a kernel for i386. */
const SOURCES = 'Debian 12 (bookworm)';
const KERNEL_METAPACKAGE = 'linux-image-686-pae';
const BUSYBOX = 'busybox-static';

/** What makes an emulated machine boot in half the time: no self-tests, no mitigations, no probing for a PC. */
const COMMAND_LINE = [
  'console=hvc0',
  'nokaslr',
  'initcall_blacklist=isapnp_init',
  'mitigations=off',
  'init_on_alloc=0',
  'lsm=',
  'apparmor=0',
  'audit=0',
  'cryptomgr.notests',
  'no_timer_check',
  'tsc=reliable',
  'random.trust_cpu=on',
].join(' ');

/** Where the guest's files are: all in memory, or on a disk with more of them. */
export type GuestRoot = 'initramfs' | 'ext4';

export interface DebianOptions {
  /** Where the image, its config and the packages go. */
  readonly directory: string;
  readonly root?: GuestRoot;
  readonly progress: (line: string) => void;
}

export interface GuestImage {
  /** Absolute paths. */
  readonly kernel: string;
  readonly ramdisk: string;
  readonly config: string;
}

/**
 * Makes a guest from Debian's i386 packages: the kernel untouched, an initramfs with busybox and the Xen drivers, and a
 * config; with the root on ext4 a disk, too. Packages are kept below the directory and are not downloaded again. Nothing
 * of the system is changed.
 */
export const buildDebian = async ({directory, root = 'initramfs', progress}: DebianOptions): Promise<GuestImage> => {
  const apt = new PrivateApt({directory: join(directory, 'apt'), architecture: ARCHITECTURE, sources: SOURCES});
  progress('reading the lists of packages');
  await apt.update();
  const kernelPackage = await apt.dependency(KERNEL_METAPACKAGE);
  progress(`downloading ${kernelPackage} and ${BUSYBOX}`);
  const packages = await apt.download([kernelPackage, BUSYBOX]);
  const files = join(directory, 'files');
  await mkdir(files, {recursive: true});
  for (const file of packages) {
    progress(`unpacking ${basename(file)}`);
    await unpackPackageOnce(file, files);
  }
  const busybox = await readFile(join(files, 'bin/busybox'));
  if (root === 'ext4') {
    const image = join(directory, ROOT_DISK);
    await buildRootDisk({image, directory: join(directory, 'root'), apt, busybox, progress});
  }
  return writeGuest(directory, root, busybox, kernelPackage.replace('linux-image-', ''));
};

const writeGuest = async (
  directory: string,
  root: GuestRoot,
  busybox: Uint8Array,
  release: string,
): Promise<GuestImage> => {
  const files = join(directory, 'files');
  const image = {
    kernel: join(directory, KERNEL),
    ramdisk: join(directory, RAMDISK),
    config: join(directory, configs[root].name),
  };
  await replaceFile(image.kernel, await readFile(join(files, 'boot', `vmlinuz-${release}`)));
  const read = (paths: readonly string[]) =>
    Promise.all(
      paths.map(async (path) => {
        const file = join(files, 'lib/modules', release, 'kernel', `${path}.ko`);
        return {name: basename(path), content: withoutSignature(await readFile(file))};
      }),
    );
  const modules = await read(GUEST_MODULES);
  const pcModules = await read(PC_MODULES);
  await replaceFile(image.ramdisk, guestInitramfs({busybox, modules, pcModules}));
  await replaceFile(image.config, guestConfig(root));
  return image;
};

const KERNEL = 'vmlinuz';
const RAMDISK = 'initrd.img';
const ROOT_DISK = 'root.img';

const configs: Readonly<Record<GuestRoot, {readonly name: string; readonly cmdline: string; readonly disk: string}>> = {
  initramfs: {name: 'linux.cfg', cmdline: '', disk: 'ram:64M'},
  ext4: {name: 'linux-root.cfg', cmdline: ' root=/dev/xvda', disk: ROOT_DISK},
};

/** Paths are relative to where xl is run, as always in a config. */
const guestConfig = (
  root: GuestRoot,
): string => `# Debian's i386 kernel with its own Xen drivers, made by: pvsim image build debian
name    = "linux"
type    = "pvh"
kernel  = "${KERNEL}"
ramdisk = "${RAMDISK}"
cmdline = "${COMMAND_LINE}${configs[root].cmdline} pvsim.ip=10.0.0.5/24"
memory  = 128
disk    = ["format=raw,vdev=xvda,access=rw,target=${configs[root].disk}"]
vif     = ["bridge=xenbr0"]
`;
