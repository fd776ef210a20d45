import type {IoSize} from '../../../hypervisor/ioreq/index.ts';

/** A range of ports or addresses as the device behind it sees it. Offsets are bytes from its start. */
export interface IoDevice {
  read(offset: number, size: IoSize): number;
  write(offset: number, size: IoSize, value: number): void;
  /** REP INS and REP OUTS at one port: `bytes` is a whole number of accesses. By default one access at a time. */
  readString?(offset: number, size: IoSize, into: Uint8Array): void;
  writeString?(offset: number, size: IoSize, bytes: Uint8Array): void;
}
