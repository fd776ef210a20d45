/** Why a vCPU left its code for an emulated device. */
export type IoExit = 'pio' | 'mmio' | 'pci-config';

/** Counts what emulated hardware costs a domain. `owner` is the device, undefined where nobody answers. */
export interface IoMeter {
  /** A command came to the device, or a frame passed it. */
  request(owner: string): void;
  /** An access trapped. */
  exit(kind: IoExit, owner: string | undefined): void;
  /** It went out to a device model and came back. */
  ioreq(owner: string): void;
  /** An interrupt was injected; `owner` is the device that raised the line last. */
  interrupt(owner: string): void;
  /** The guest told the interrupt controller that it is done with it. */
  eoi(owner: string): void;
  /** The device model moved bytes from or to the guest's memory. */
  dma(owner: string, bytes: number): void;
}

/** Where a domain's meter is put in while a ledger is kept. */
export interface MeterSlot {
  meter: IoMeter | undefined;
}
