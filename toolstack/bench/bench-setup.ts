import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {blockBackend, blockGuest, blockPage, netRx, netTx, type Software, timeOf} from './paper/software.ts';
import type {BenchPoint, DeviceName} from './point.ts';

/** What lies around the path that a ledger counts: the rest of both kernels, and the disk or link behind. */
export interface BenchSetup {
  readonly name: string;
  readonly what: string;
  /** Both kernels do what Linux's do besides; of consoles nothing is published. */
  readonly hasKernels: boolean;
  /** What the disk or link does at most; undefined: it takes no time. */
  readonly bytesPerSec: Readonly<Partial<Record<DeviceName, number>>>;
}

/** Of the machine that the default price list is from, a Xeon E5-2450. */
const LIST_CPU = {ghz: 2.1};
const GIGABIT = 125e6;

export const benchSetups = [
  {name: 'path', what: 'the path alone: disks and links behind take no time', hasKernels: false, bytesPerSec: {}},
  {
    name: 'kernels',
    what: 'with what else Linux does in guest and dom0, as fitted to P10 and P12; disks and links behind take no time',
    hasKernels: true,
    bytesPerSec: {},
  },
  {
    name: 'gigabit',
    what: 'with kernels, Gigabit Ethernet, and a disk of 180 MB/s: the host of P14',
    hasKernels: true,
    bytesPerSec: {net: GIGABIT, block: 180e6, scsi: 180e6},
  },
  {
    name: 'ten-gigabit',
    what: 'with kernels, 10 Gbit/s Ethernet, and an SSD of 1.75 GB/s: the disk of P10',
    hasKernels: true,
    bytesPerSec: {net: 10 * GIGABIT, block: 1.75e9, scsi: 1.75e9},
  },
] as const satisfies readonly BenchSetup[];

export const DEFAULT_SETUP: BenchSetup = benchSetups[0];

/** Undefined: there is none of that name. */
export const findSetup = (name: string): BenchSetup | undefined => benchSetups.find((setup) => setup.name === name);

const nsOf = (software: Software): number => timeOf(software, LIST_CPU);

/** What modelWork takes of an I/O beyond what is counted, in ns. */
export interface Surroundings {
  readonly guestNs: number;
  readonly backendNs: number;
  readonly device?: {readonly serviceNs: number};
}

export const surroundingsOf = ({device, operation, sizeBytes}: BenchPoint, setup: BenchSetup): Surroundings => {
  const kernels = setup.hasKernels ? kernelsOf[device](sizeBytes, operation === 'rx') : {guestNs: 0, backendNs: 0};
  const rate = setup.bytesPerSec[device];
  return rate === undefined ? kernels : {...kernels, device: {serviceNs: (sizeBytes * 1e9) / rate}};
};

type Kernels = (sizeBytes: number, isReceived: boolean) => Surroundings;

const ofDisk: Kernels = (sizeBytes) => {
  const morePages = Math.max(0, Math.ceil(sizeBytes / PAGE_SIZE) - 1);
  return {guestNs: nsOf(blockGuest), backendNs: nsOf(blockBackend) + morePages * nsOf(blockPage)};
};

/** A packet that is never cut costs one packet's work. */
const ofNetwork: Kernels = (_sizeBytes, isReceived) => {
  const ns = nsOf(isReceived ? netRx : netTx);
  return {guestNs: ns, backendNs: ns};
};

const kernelsOf: Readonly<Record<DeviceName, Kernels>> = {
  block: ofDisk,
  scsi: ofDisk,
  net: ofNetwork,
  console: () => ({guestNs: 0, backendNs: 0}),
};
