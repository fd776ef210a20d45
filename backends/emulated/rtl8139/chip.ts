import type {GuestDma} from '../bus/index.ts';
import type {NicPort} from '../nic/index.ts';
import type {RegisterFile} from '../registers/index.ts';
import type {Rtl8139Register} from './registers.ts';
import type {TallyCounters} from './tally-counters.ts';

/** What the engines of the chip share. */
export interface Chip {
  readonly registers: RegisterFile<Rtl8139Register>;
  readonly dma: GuestDma;
  readonly port: NicPort;
  readonly tally: TallyCounters;
  /** Sets causes in ISR. */
  raise(causes: number): void;
  /** Sends a frame, or gives it to the receiver in loopback. */
  transmit(frame: Uint8Array, offload?: number): void;
}

/** What became of a frame from the network: no driver gets one that is too long. */
export type Reception = 'stored' | 'too-long' | 'full';
