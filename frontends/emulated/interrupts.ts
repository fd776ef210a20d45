import type {TrappedIo} from '../../hypervisor/ioreq/index.ts';

/** Looks at its device, and says whether that wanted something. */
export type InterruptHandler = () => boolean;

/** The guest kernel's interrupt lines, which devices may share: each handler is asked in turn, then the interrupt ends. */
export class GuestInterrupts {
  private readonly io: TrappedIo;
  private readonly handlers = new Map<number, readonly InterruptHandler[]>();
  /** Interrupts that no handler knew of. */
  spurious = 0;

  constructor(io: TrappedIo) {
    this.io = io;
  }

  /** Returns the function that frees the line again. */
  request(irq: number, handler: InterruptHandler): () => void {
    const before = this.handlers.get(irq) ?? [];
    this.handlers.set(irq, [...before, handler]);
    if (before.length === 0) this.io.setInterruptHandler(irq, () => this.handle(irq));
    return () => this.free(irq, handler);
  }

  private free(irq: number, handler: InterruptHandler): void {
    const rest = (this.handlers.get(irq) ?? []).filter((other) => other !== handler);
    this.handlers.set(irq, rest);
    if (rest.length === 0) this.io.setInterruptHandler(irq, undefined);
  }

  private handle(irq: number): void {
    let handled = false;
    for (const handler of this.handlers.get(irq) ?? []) handled = handler() || handled;
    if (!handled) this.spurious++;
    this.io.endOfInterrupt(irq);
  }
}
