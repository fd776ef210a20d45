import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';
import {CharacterFifo} from './character-fifo.ts';
import {
  IIR_CHARACTER_TIMEOUT,
  IIR_DATA_AVAILABLE,
  IIR_LINE_STATUS,
  LSR_DATA_READY,
  LSR_ERROR_IN_FIFO,
  LSR_OVERRUN,
} from './registers.ts';

/** Characters that make an interrupt, by the two highest bits of the FCR. */
const TRIGGERS = [1, 4, 8, 14] as const;
/** Characters' time without a character in or out, after which fewer make one, too. @see PC16550D, "FIFO interrupt mode" */
const TIMEOUT_CHARACTERS = 4;

export interface ReceiverOptions {
  schedule: TaskQueue;
  characterNs: () => number;
  /** What it is asked about has changed. */
  onChange: () => void;
}

/** The buffer register or FIFO of what came in. */
export class Receiver {
  readonly fifo = new CharacterFifo();
  trigger: number = TRIGGERS[0];
  /** Characters that came while there was no room. */
  overruns = 0;
  private readonly options: ReceiverOptions;
  private hasOverrun = false;
  private hasTimedOut = false;
  private timeout: Timer | undefined;

  constructor(options: ReceiverOptions) {
    this.options = options;
  }

  /** Its bits of the LSR, which reading clears but for those of the data themselves. */
  takeStatus(): number {
    const status = this.status;
    this.hasOverrun = false;
    this.fifo.forgetHeadErrors();
    return status;
  }

  get status(): number {
    const {fifo} = this;
    const ready = fifo.count > 0 ? LSR_DATA_READY : 0;
    const overrun = this.hasOverrun ? LSR_OVERRUN : 0;
    const inFifo = fifo.capacity > 1 && fifo.hasErrors ? LSR_ERROR_IN_FIFO : 0;
    return ready | overrun | fifo.headErrors | inFifo;
  }

  /** Whether it has that cause of an interrupt. */
  wants(identity: number): boolean {
    if (identity === IIR_LINE_STATUS) return this.hasOverrun || this.fifo.headErrors !== 0;
    if (identity === IIR_DATA_AVAILABLE) return this.fifo.count >= this.trigger;
    return identity === IIR_CHARACTER_TIMEOUT && this.hasTimedOut;
  }

  /** A character has come, with the LSR's bits for what is wrong with it. */
  arrive(character: number, errors = 0): void {
    if (this.fifo.isFull) {
      this.hasOverrun = true;
      this.overruns++;
    } else this.fifo.push(character, errors);
    this.restartTimeout();
    this.options.onChange();
  }

  /** 0 when there is none. */
  read(): number {
    if (this.fifo.count === 0) return 0;
    const character = this.fifo.shift();
    this.restartTimeout();
    return character;
  }

  setTrigger(level: number): void {
    this.trigger = this.fifo.capacity === 1 ? 1 : TRIGGERS[level];
  }

  clear(): void {
    this.fifo.clear();
    this.restartTimeout();
  }

  reset(): void {
    this.hasOverrun = false;
    this.clear();
  }

  private restartTimeout(): void {
    this.timeout?.cancel();
    this.timeout = undefined;
    this.hasTimedOut = false;
    if (this.fifo.count === 0 || this.fifo.capacity === 1) return;
    const {schedule, characterNs, onChange} = this.options;
    this.timeout = schedule.after(characterNs() * TIMEOUT_CHARACTERS, () => {
      this.hasTimedOut = true;
      onChange();
    });
  }
}
