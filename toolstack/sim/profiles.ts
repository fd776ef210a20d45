import type {WorkloadKind} from './plan.ts';

/** How large a world is. */
export interface Profile {
  /** Fewest and most guests. */
  readonly guests: readonly [least: number, most: number];
  /** What each guest does, where it is not drawn. */
  readonly workloads?: readonly WorkloadKind[];
  /** Frames of each. */
  readonly guestPages: number;
  /** Frames of dom0, where backends map what they work on. */
  readonly dom0Pages: number;
  /** Most queues of an interface. */
  readonly queues: number;
  /** Most calls of one workload. */
  readonly operations: number;
  readonly diskBytes: number;
  /** Most sectors of a call, and of the few that are long. */
  readonly sectors: number;
  readonly longSectors: number;
  /** Most times that a driver crashes or a device is pulled. */
  readonly disturbances: number;
}

const sizes = {
  small: {
    guests: [1, 2],
    guestPages: 1536,
    dom0Pages: 512,
    queues: 1,
    operations: 12,
    diskBytes: 256 * 1024,
    sectors: 24,
    longSectors: 96,
    disturbances: 2,
  },
  large: {
    guests: [1, 4],
    guestPages: 4096,
    dom0Pages: 1024,
    queues: 4,
    operations: 60,
    diskBytes: 2.5 * 2 ** 20,
    sectors: 40,
    longSectors: 400,
    disturbances: 5,
  },
} as const satisfies Readonly<Record<string, Profile>>;

/** Two guests and their disks; two or three that talk. */
const disk: Profile = {...sizes.small, guests: [2, 2], workloads: ['disk'], operations: 24};
const net: Profile = {
  ...sizes.small,
  guests: [2, 3],
  guestPages: 2560,
  dom0Pages: 768,
  queues: 2,
  workloads: ['net'],
  operations: 40,
};

export const profiles = {...sizes, disk, net};

export type ProfileName = keyof typeof profiles;

/** Largest that a rate of each fault is drawn: a probability 0..1 at every occasion. */
export const maxRates = {
  /** Of events: delivered late. */
  lateEvent: 0.2,
  /** Of grant maps and copies. */
  refusedGrant: 0.02,
  /** Of commits in the store: EAGAIN for nothing. */
  storeConflict: 0.1,
  /** Of operations of a disk: EIO, fewer bytes than asked for, half a write. */
  diskError: 0.05,
  shortRead: 0.05,
  tornWrite: 0.05,
  /** Not a chance: the part of {@link MAX_LATENCY_NS} that a disk may take. */
  slowDisk: 1,
  /** Of frames on the line between the bridge and an interface, in either direction: lost, doubled, overtaken by others. */
  lostFrame: 0.1,
  doubledFrame: 0.2,
  lateFrame: 0.3,
  /** Not a chance: the part of {@link MAX_JITTER_NS} that a frame may take. */
  slowLine: 1,
} as const;

export type Fault = keyof typeof maxRates;
export type Rates = Record<Fault, number>;

export const MAX_LATENCY_NS = 5e6;
export const MAX_JITTER_NS = 1e6;

export const allFaults = Object.keys(maxRates) as Fault[];
export const frameFaults: readonly Fault[] = ['lostFrame', 'doubledFrame', 'lateFrame', 'slowLine'];

/** What may go wrong. */
export interface FaultProfile {
  readonly faults: readonly Fault[];
  /** Drivers crash, guests are resumed, devices are pulled. */
  readonly disturbs: boolean;
}

export const faultProfiles = {
  all: {faults: allFaults, disturbs: true},
  none: {faults: [], disturbs: false},
  events: {faults: ['lateEvent'], disturbs: false},
  grants: {faults: ['refusedGrant'], disturbs: false},
  store: {faults: ['storeConflict'], disturbs: false},
  disks: {faults: ['diskError', 'shortRead', 'tornWrite', 'slowDisk'], disturbs: false},
  frames: {faults: frameFaults, disturbs: false},
  drivers: {faults: [], disturbs: true},
} as const satisfies Readonly<Record<string, FaultProfile>>;

export type FaultProfileName = keyof typeof faultProfiles;
