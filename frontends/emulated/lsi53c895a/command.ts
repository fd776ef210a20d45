import type {Gfn} from '../../../hypervisor/ids.ts';
import type {Timer} from '../../../hypervisor/schedule/index.ts';
import type {Slot} from './slot.ts';

export interface UnitAddress {
  readonly id: number;
  readonly lun: number;
}

/** How a job ended on the bus. */
export interface JobEnd {
  /** XEN_VSCSIIF_RSLT_HOST_* */
  readonly host: number;
  readonly status: number;
  readonly data: Uint8Array;
  readonly residualBytes: number;
}

/** A command, or messages that manage others, from its being asked for to its end. */
export interface Job {
  readonly address: UnitAddress;
  /** Undefined: it is messages. */
  readonly cdb: Uint8Array | undefined;
  readonly messages: readonly number[];
  readonly dataOut: Uint8Array | undefined;
  readonly dataInBytes: number;
  readonly timeoutNs: number;
  readonly resolve: (end: JobEnd) => void;
  slot: Slot | undefined;
  frames: readonly Gfn[];
  timer: Timer | undefined;
}
