import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import type {GuestDma} from '../bus/index.ts';
import type {NicPort} from '../nic/index.ts';
import type {RegisterFile} from '../registers/index.ts';
import type {E1000Register} from './registers.ts';
import type {Statistics} from './statistics.ts';

/** What the engines of the controller share. */
export interface Chip {
  readonly registers: RegisterFile<E1000Register>;
  readonly statistics: Statistics;
  readonly dma: GuestDma;
  readonly schedule: TaskQueue;
  readonly port: NicPort;
  /** The guest lets it access memory. */
  readonly isBusMaster: boolean;
  readonly hasLink: boolean;
  /** Sets causes in ICR. */
  raise(causes: number): void;
  /** Sends a frame, or gives it to the receiver in loopback. */
  transmit(frame: Uint8Array): void;
}
