import {MCR_DTR, MCR_LOOP, MCR_OUT1, MCR_OUT2, MCR_RTS, MSR_CTS, MSR_DCD, MSR_DSR, MSR_RI} from './registers.ts';

/** The other end is there and ready. */
const CONNECTED = MSR_CTS | MSR_DSR | MSR_DCD;
/** Inputs, and the outputs that a loop connects them to. */
const loops = [
  [MSR_CTS, MCR_RTS],
  [MSR_DSR, MCR_DTR],
  [MSR_RI, MCR_OUT1],
  [MSR_DCD, MCR_OUT2],
] as const;
/** An input's bit is four above the one that says that it changed. */
const DELTA_SHIFT = 4;

/** The modem's inputs as the MSR has them. */
export class ModemInputs {
  private inputs = CONNECTED;
  private deltas = 0;

  get hasChanged(): boolean {
    return this.deltas !== 0;
  }

  /** The MSR, whose changes are forgotten by reading it. */
  take(): number {
    const status = this.inputs | this.deltas;
    this.deltas = 0;
    return status;
  }

  /** The MCR was written. */
  follow(mcr: number): void {
    const inputs = (mcr & MCR_LOOP) === 0 ? CONNECTED : looped(mcr);
    // Of the ring indicator only its end counts.
    const changed = (inputs ^ this.inputs) & ~(inputs & MSR_RI);
    this.deltas |= changed >>> DELTA_SHIFT;
    this.inputs = inputs;
  }

  reset(): void {
    this.inputs = CONNECTED;
    this.deltas = 0;
  }
}

const looped = (mcr: number): number => {
  let inputs = 0;
  for (const [input, output] of loops) if ((mcr & output) !== 0) inputs |= input;
  return inputs;
};
