export const deviceNames = ['block', 'net', 'console', 'scsi'] as const;

export type DeviceName = (typeof deviceNames)[number];

/** What an I/O does, as the guest sees it. */
export const operations = ['read', 'write', 'tx', 'rx', 'out'] as const;

export type Operation = (typeof operations)[number];

/** What is run once: one place in a sweep. */
export interface BenchPoint {
  readonly device: DeviceName;
  readonly driver: string;
  readonly operation: Operation;
  /** Of one I/O: a read or write of a disk, a frame without its FCS, a write to a console. */
  readonly sizeBytes: number;
  /** I/Os that each guest has under way at once. */
  readonly depth: number;
  readonly queues: number;
  readonly guests: number;
}

/** "block ide-dma read 4096 B, depth 1, 1 queue, 1 guest" */
export const formatPoint = ({device, driver, operation, sizeBytes, depth, queues, guests}: BenchPoint): string =>
  `${device} ${driver} ${operation} ${sizeBytes} B, depth ${depth}, ${count(queues, 'queue')}, ${count(guests, 'guest')}`;

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
