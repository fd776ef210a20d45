import type {Task, TaskQueue} from '../schedule/index.ts';
import {ISA_IRQS, type InterruptPins} from './interrupt-lines.ts';
import type {MeterSlot} from './io-meter.ts';

/** Lines that PCI links end at: triggered by their level, as the ELCR of a PIIX3 says. All others by their edge. */
const LEVEL_TRIGGERED: ReadonlySet<number> = new Set([5, 10, 11]);

/** An interrupt that nobody quiets comes no faster than this: virtual time has to pass meanwhile. */
const AGAIN_NS = 1000;

interface Pin {
  level: boolean;
  /** An edge that the guest has not been told of. */
  pending: boolean;
  /** Delivered and not ended. */
  inService: boolean;
  owner: string;
  handler: Task | undefined;
}

/**
 * The interrupt controller of a TypeScript guest: an IOAPIC's pins and a local APIC as far as a driver sees them. A pin
 * without a handler is masked. An interrupt is one task of the guest's queue; the next of its pin comes after the EOI.
 */
export class ProgramPins implements InterruptPins {
  private readonly queue: TaskQueue;
  private readonly slot: MeterSlot;
  private readonly pins: readonly Pin[] = Array.from({length: ISA_IRQS}, () => ({
    level: false,
    pending: false,
    inService: false,
    owner: '',
    handler: undefined,
  }));

  /** `queue` is the guest's. */
  constructor(queue: TaskQueue, slot: MeterSlot) {
    this.queue = queue;
    this.slot = slot;
  }

  setLevel(irq: number, level: boolean, owner: string): void {
    const pin = this.pins[irq];
    pin.owner = owner;
    if (LEVEL_TRIGGERED.has(irq)) pin.pending = level;
    else if (level && !pin.level) pin.pending = true;
    pin.level = level;
    this.deliver(pin);
  }

  /** Unmasks the pin for a handler, or masks it. */
  setHandler(irq: number, handler: Task | undefined): void {
    const pin = this.pins[irq];
    pin.handler = handler;
    this.deliver(pin);
  }

  /** The guest's write to its local APIC: an exit to Xen alone. */
  eoi(irq: number): void {
    const pin = this.pins[irq];
    if (!pin.inService) return;
    this.slot.meter?.eoi(pin.owner);
    pin.inService = false;
    if (!LEVEL_TRIGGERED.has(irq)) this.deliver(pin);
    else if (pin.level) this.queue.after(AGAIN_NS, () => this.deliverAgain(pin));
  }

  /** The level is still what it was, as far as nobody has changed it meanwhile. */
  private deliverAgain(pin: Pin): void {
    pin.pending = pin.level;
    this.deliver(pin);
  }

  private deliver(pin: Pin): void {
    const {handler} = pin;
    if (!pin.pending || pin.inService || handler === undefined) return;
    pin.pending = false;
    pin.inService = true;
    this.slot.meter?.interrupt(pin.owner);
    this.queue.post(handler);
  }
}
