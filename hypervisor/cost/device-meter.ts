import type {Account, Ledger} from './ledger.ts';
import {counted} from './primitives.ts';

/** How a guest reaches a register. */
export type AccessKind = 'pio' | 'mmio' | 'pciConfig';

/** Counts what an emulated device costs. Held by what serves its ranges, null where no ledger is kept. */
export class DeviceMeter {
  private readonly guest: Account;
  private readonly model: Account;

  /** `device` as in "ide/0". */
  constructor(ledger: Ledger, domid: number, device: string) {
    this.guest = ledger.account({domid, device, side: 'front'});
    this.model = ledger.account({domid, device, side: 'back'});
  }

  /** An access that exits and goes to the device model, for which the guest waits. */
  access(kind: AccessKind): void {
    this.guest.add(counted[kind]);
    this.guest.add(counted.ioreq);
  }

  /** An access that exits, and that Xen answers itself or leaves for the device model to find. */
  accessWithoutWait(kind: AccessKind, isBuffered: boolean): void {
    this.guest.add(counted[kind]);
    if (isBuffered) this.model.add(counted.bufferedIoreq);
  }

  /** The device model raises the interrupt by a hypercall, and the guest takes it. */
  interrupt(): void {
    this.model.add(counted.hypercall);
    this.guest.add(counted.irq);
  }

  /** The guest tells the interrupt controller that it is done. */
  endOfInterrupt(): void {
    this.guest.add(counted.eoi);
  }

  /** Bytes that the device model copies from or to the guest's memory. */
  dma(bytes: number): void {
    this.model.add(counted.memcpyBytes, bytes);
  }

  /** Of the guest's own: bytes that its driver copies. */
  copied(bytes: number): void {
    this.guest.add(counted.memcpyBytes, bytes);
  }
}
