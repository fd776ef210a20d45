import {Observable, Subject} from 'rxjs';
import type {BackRing} from '../../hypervisor/abi/ring.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';

/** A packet that crossed a vif's ring: a copy, and where on the ring it was. */
export interface VifPacket {
  /** Host time. */
  readonly timeNs: number;
  /** As the guest sees it. */
  readonly direction: 'tx' | 'rx';
  readonly bytes: Uint8Array;
  /** What is left to do at it. @see ../network/offload.ts */
  readonly offload: number;
  /** Number of its first slot on the ring, and how many slots it took, extra infos among them. */
  readonly slot: number;
  readonly slots: number;
  /** The guest's grants, in the order of the bytes. */
  readonly grefs: readonly number[];
}

/** Where a vif's queues show packets to whoever captures. They ask `on` first: nobody looking costs one load. */
export class PacketTap {
  on = false;
  private readonly looks = new Subject<VifPacket>();

  /** Packets from now on; completes when the device goes. */
  readonly packets = new Observable<VifPacket>((subscriber) => {
    const subscription = this.looks.subscribe(subscriber);
    this.on = this.looks.observed;
    return () => {
      subscription.unsubscribe();
      this.on = this.looks.observed;
    };
  });

  /** `first` is the free-running index of the packet's first request; all up to the ring's reqCons are its own. */
  show(
    ops: HypervisorOps,
    ring: BackRing,
    first: number,
    packet: Pick<VifPacket, 'direction' | 'bytes' | 'offload' | 'grefs'>,
  ): void {
    const slot = first & (ring.shared.entries - 1);
    this.looks.next({...packet, timeNs: ops.schedule.now(), slot, slots: (ring.reqCons - first) >>> 0});
  }

  close(): void {
    this.looks.complete();
  }
}
