import type {Register} from '../registers/index.ts';

/** What identifies a PCI function to drivers. */
export interface PciIdentity {
  readonly vendorId: number;
  readonly deviceId: number;
  readonly revision?: number;
  /** Base class, subclass and interface: 0x010180. */
  readonly classCode: number;
  readonly subsystemVendorId?: number;
  readonly subsystemId?: number;
  /** Other functions of the same device are there. */
  readonly multiFunction?: boolean;
}

/** Bits of the command register. */
export const COMMAND_IO = 1 << 0;
export const COMMAND_MEMORY = 1 << 1;
export const COMMAND_MASTER = 1 << 2;
const COMMAND_INTX_DISABLE = 1 << 10;
const COMMAND_BITS = COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | (1 << 6) | (1 << 8) | COMMAND_INTX_DISABLE;

/** Errors that the status register keeps until they are written as 1. */
const STATUS_ERRORS = 0xf900;
const MULTI_FUNCTION = 0x80;

const barNames = ['BAR0', 'BAR1', 'BAR2', 'BAR3', 'BAR4', 'BAR5'] as const;
export type BarName = (typeof barNames)[number];
export {barNames};

export type HeaderName =
  | BarName
  | 'VENDOR_ID'
  | 'DEVICE_ID'
  | 'COMMAND'
  | 'STATUS'
  | 'REVISION_ID'
  | 'PROG_IF'
  | 'SUBCLASS'
  | 'CLASS'
  | 'CACHE_LINE_SIZE'
  | 'LATENCY_TIMER'
  | 'HEADER_TYPE'
  | 'SUBSYSTEM_VENDOR_ID'
  | 'SUBSYSTEM_ID'
  | 'INTERRUPT_LINE'
  | 'INTERRUPT_PIN';

/** A type 0 header. `barResets` and `barMasks` are those of its six base address registers; `pin` is 1 for INTA, 0 for none. */
export const configHeader = (
  identity: PciIdentity,
  pin: number,
  barResets: readonly number[],
  barMasks: readonly number[],
): Register<HeaderName>[] => [
  {name: 'VENDOR_ID', offset: 0x00, size: 2, reset: identity.vendorId, access: 'ro'},
  {name: 'DEVICE_ID', offset: 0x02, size: 2, reset: identity.deviceId, access: 'ro'},
  {name: 'COMMAND', offset: 0x04, size: 2, access: 'rw', mask: COMMAND_BITS},
  {name: 'STATUS', offset: 0x06, size: 2, reset: 0x0280, access: 'w1c', mask: STATUS_ERRORS},
  {name: 'REVISION_ID', offset: 0x08, size: 1, reset: identity.revision ?? 0, access: 'ro'},
  {name: 'PROG_IF', offset: 0x09, size: 1, reset: identity.classCode & 0xff, access: 'ro'},
  {name: 'SUBCLASS', offset: 0x0a, size: 1, reset: (identity.classCode >>> 8) & 0xff, access: 'ro'},
  {name: 'CLASS', offset: 0x0b, size: 1, reset: identity.classCode >>> 16, access: 'ro'},
  {name: 'CACHE_LINE_SIZE', offset: 0x0c, size: 1, access: 'rw'},
  {name: 'LATENCY_TIMER', offset: 0x0d, size: 1, access: 'rw'},
  {
    name: 'HEADER_TYPE',
    offset: 0x0e,
    size: 1,
    reset: identity.multiFunction === true ? MULTI_FUNCTION : 0,
    access: 'ro',
  },
  ...barNames.map((name, bar): Register<BarName> => ({
    name,
    offset: 0x10 + bar * 4,
    size: 4,
    reset: barResets[bar],
    access: 'rw',
    mask: barMasks[bar],
  })),
  {name: 'SUBSYSTEM_VENDOR_ID', offset: 0x2c, size: 2, reset: identity.subsystemVendorId ?? 0x5853, access: 'ro'},
  {name: 'SUBSYSTEM_ID', offset: 0x2e, size: 2, reset: identity.subsystemId ?? 1, access: 'ro'},
  {name: 'INTERRUPT_LINE', offset: 0x3c, size: 1, access: 'rw'},
  {name: 'INTERRUPT_PIN', offset: 0x3d, size: 1, reset: pin, access: 'ro'},
];
