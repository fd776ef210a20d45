import type {TrappedIo} from '../../hypervisor/ioreq/index.ts';

/** Ports of Xen's platform device. @see hvm-emulated-unplug.pandoc of xen.git */
const MAGIC_PORT = 0x10;
const UNPLUG_PORT = 0x10;
const BUILD_PORT = 0x10;
const VERSION_PORT = 0x12;
const PRODUCT_PORT = 0x12;

const MAGIC = 0x49d2;
/** The product number for what is not registered. @see hvm/pvdrivers.h, "experimental" */
const PRODUCT = 0xffff;
const BUILD = 1;

/** What is to go: bits of the unplug register. */
export const UNPLUG_IDE_DISKS = 1 << 0;
export const UNPLUG_NICS = 1 << 1;
export const UNPLUG_AUX_IDE_DISKS = 1 << 2;

/** Why emulated devices stay, or that they went. */
export type UnplugResult = 'unplugged' | 'no platform device' | 'refused';

/** Has the device model take emulated devices away, in favour of their PV twins. To be done before devices are looked for. */
export const unplugEmulated = (io: TrappedIo, devices: number): UnplugResult => {
  if (io.readPort(MAGIC_PORT, 2) !== MAGIC) return 'no platform device';
  if (io.readPort(VERSION_PORT, 1) !== 0) {
    io.writePort(PRODUCT_PORT, 2, PRODUCT);
    io.writePort(BUILD_PORT, 4, BUILD);
    // The magic number of a driver that the host does not want is the other way round.
    if (io.readPort(MAGIC_PORT, 2) !== MAGIC) return 'refused';
  }
  io.writePort(UNPLUG_PORT, 2, devices);
  return 'unplugged';
};

/** What a kernel does about the two of each device, by `xen_emul_unplug=` of its command line. */
export interface UnplugPolicy {
  /** UNPLUG_* */
  readonly devices: number;
  /** PV disks and NICs are used. */
  readonly usesPv: boolean;
}

const UNPLUG_ALL = UNPLUG_IDE_DISKS | UNPLUG_NICS;

const words: Readonly<Record<string, number>> = {
  all: UNPLUG_ALL,
  'ide-disks': UNPLUG_IDE_DISKS,
  'aux-ide-disks': UNPLUG_AUX_IDE_DISKS,
  nics: UNPLUG_NICS,
  unnecessary: 0,
  never: 0,
};

/** By default all go. `unnecessary` keeps both kinds in use, `never` the emulated ones alone. Unknown words are left out. */
export const unplugPolicy = (text: string | undefined): UnplugPolicy => {
  const given = (text ?? 'all').split(',');
  return {devices: given.reduce((bits, word) => bits | (words[word] ?? 0), 0), usesPv: !given.includes('never')};
};
