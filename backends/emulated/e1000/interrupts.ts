import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';
import type {RegisterFile, RegisterHooks} from '../registers/index.ts';
import type {E1000Register} from './registers.ts';

/** ITR counts in these. */
const ITR_NS = 256;

export interface InterruptsOptions {
  schedule: TaskQueue;
  registers: () => RegisterFile<E1000Register>;
  setLevel: (level: boolean) => void;
}

/**
 * Causes in ICR, what IMS lets through of them, and ITR, which says how long after an interrupt the next one comes at the
 * earliest. @see SDM, "Interrupt Registers" and "Interrupt Throttling"
 */
export class Interrupts {
  readonly hooks: RegisterHooks<E1000Register>;
  private readonly options: InterruptsOptions;
  private isAsserted = false;
  private nextNs = 0;
  private timer: Timer | undefined;

  constructor(options: InterruptsOptions) {
    this.options = options;
    const {registers} = options;
    const setMask = (mask: number): void => {
      registers().set('IMS', mask);
      this.update();
    };
    this.hooks = {
      ICR: {read: () => this.takeCauses(), write: () => this.update()},
      ICS: {read: () => registers().get('ICR'), write: (causes) => this.raise(causes)},
      IMS: {write: (bits) => setMask(registers().get('IMS') | bits)},
      IMC: {write: (bits) => setMask(registers().get('IMS') & ~bits)},
    };
  }

  raise(causes: number): void {
    const registers = this.options.registers();
    registers.set('ICR', registers.get('ICR') | causes);
    this.update();
  }

  /** The registers have been reset. */
  reset(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.nextNs = 0;
    this.update();
  }

  /** Reading ICR clears it. */
  private takeCauses(): number {
    const registers = this.options.registers();
    const causes = registers.get('ICR');
    registers.set('ICR', 0);
    this.update();
    return causes;
  }

  private update(): void {
    const {schedule, registers} = this.options;
    const isWanted = (registers().get('ICR') & registers().get('IMS')) !== 0;
    if (isWanted === this.isAsserted) return;
    const waitNs = this.nextNs - schedule.now();
    if (!isWanted || waitNs <= 0) this.assert(isWanted);
    else
      this.timer ??= schedule.after(waitNs, () => {
        this.timer = undefined;
        this.update();
      });
  }

  private assert(level: boolean): void {
    this.isAsserted = level;
    if (level) this.nextNs = this.options.schedule.now() + this.options.registers().get('ITR') * ITR_NS;
    this.options.setLevel(level);
  }
}
