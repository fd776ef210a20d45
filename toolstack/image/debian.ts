import {copyFile, mkdir, readFile, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {PrivateApt, unpackPackage} from './apt.ts';
import {guestInitramfs} from './initramfs.ts';
import {GUEST_MODULES, withoutSignature} from './modules.ts';

const ARCHITECTURE = 'i386';
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

export interface GuestImage {
  /** Absolute paths. */
  readonly kernel: string;
  readonly ramdisk: string;
  readonly config: string;
}

/**
 * Makes a guest from Debian's i386 packages in `directory`: the kernel untouched, an initramfs with busybox and the Xen
 * drivers, and a config. Packages are kept below it and are not downloaded again. Nothing of the system is changed.
 */
export const buildDebian = async (directory: string, progress: (line: string) => void): Promise<GuestImage> => {
  const apt = new PrivateApt(join(directory, 'apt'), ARCHITECTURE);
  progress('reading the lists of packages');
  await apt.update();
  const kernelPackage = await apt.dependency(KERNEL_METAPACKAGE);
  progress(`downloading ${kernelPackage} and ${BUSYBOX}`);
  const packages = await apt.download([kernelPackage, BUSYBOX]);
  const files = join(directory, 'files');
  await mkdir(files, {recursive: true});
  for (const file of packages) {
    progress(`unpacking ${basename(file)}`);
    await unpackPackage(file, files);
  }
  return writeGuest(directory, files, kernelPackage.replace('linux-image-', ''));
};

const writeGuest = async (directory: string, files: string, release: string): Promise<GuestImage> => {
  const image = {
    kernel: join(directory, 'vmlinuz'),
    ramdisk: join(directory, 'initrd.img'),
    config: join(directory, 'linux.cfg'),
  };
  await copyFile(join(files, 'boot', `vmlinuz-${release}`), image.kernel);
  const modules = await Promise.all(
    GUEST_MODULES.map(async (path) => {
      const file = join(files, 'lib/modules', release, 'kernel', `${path}.ko`);
      return {name: basename(path), content: withoutSignature(await readFile(file))};
    }),
  );
  const busybox = await readFile(join(files, 'bin/busybox'));
  await writeFile(image.ramdisk, guestInitramfs({busybox, modules}));
  await writeFile(image.config, guestConfig());
  return image;
};

/** Paths are relative to where xl is run, as always in a config. */
const guestConfig = (): string => `# Debian's i386 kernel with its own Xen drivers, made by: pvsim image build debian
name    = "linux"
type    = "pvh"
kernel  = "vmlinuz"
ramdisk = "initrd.img"
cmdline = "${COMMAND_LINE} pvsim.ip=10.0.0.5/24"
memory  = 128
disk    = ["format=raw,vdev=xvda,access=rw,target=ram:64M"]
vif     = ["bridge=xenbr0"]
`;
