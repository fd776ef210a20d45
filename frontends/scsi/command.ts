import type {ScsiAddress} from '../../hypervisor/abi/io/vscsi-address.ts';
import type {Gfn} from '../../hypervisor/ids.ts';
import type {Timer} from '../../hypervisor/schedule/index.ts';
import {DeviceIoError, type ScsiReply} from '../api.ts';

/** One command from its being asked for to its end. */
export class Command {
  readonly address: ScsiAddress;
  readonly cdb: Uint8Array;
  /** sc_data_direction */
  readonly direction: number;
  /** What goes to the device, or room for what comes from it. */
  readonly data: Uint8Array;
  readonly timeoutNs: number;
  readonly promise: Promise<ScsiReply>;
  frames: readonly Gfn[] = [];
  /** While it is on the ring. */
  rqid: number | undefined;
  timer: Timer | undefined;
  private resolve!: (reply: ScsiReply) => void;
  private reject!: (error: DeviceIoError) => void;

  constructor(address: ScsiAddress, cdb: Uint8Array, direction: number, data: Uint8Array, timeoutNs: number) {
    this.address = address;
    this.cdb = cdb;
    this.direction = direction;
    this.data = data;
    this.timeoutNs = timeoutNs;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** It ended on the ring. Only the first end counts. */
  end(reply: ScsiReply): void {
    this.timer?.cancel();
    this.resolve(reply);
  }

  /** It never came to its unit, or nobody will answer. */
  fail(errno: string, what: string): void {
    this.timer?.cancel();
    this.reject(new DeviceIoError(errno, what));
  }
}
