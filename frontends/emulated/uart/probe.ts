import type {TrappedIo} from '../../../hypervisor/ioreq/index.ts';
import * as r from './registers.ts';

const IER_BITS = 0x0f;
/** With OUT2 and RTS set in a loop, DCD and CTS are. */
const LOOPED_INPUTS = 0x90;
const INPUTS = 0xf0;

const portSettings = {com1: {port: 0x3f8, irq: 4}, com2: {port: 0x2f8, irq: 3}} as const;

/** The two ports that every PC has at the same place. */
export type UartPlace = keyof typeof portSettings;

/** A port with a UART behind it. */
export interface FoundUart {
  readonly base: number;
  readonly irq: number;
  /** Characters of its FIFO, 1 where there is none. */
  readonly fifoSize: number;
}

/**
 * Looks for a UART as PC kernels do: the interrupt enables keep four bits, a loop connects modem outputs to inputs, and
 * the FIFOs say that they are on. Undefined: there is none.
 */
export const probeUart = (io: TrappedIo, place: UartPlace): FoundUart | undefined => {
  const {port: base, irq} = portSettings[place];
  const keeps = (value: number): boolean => {
    io.writePort(base + r.IER, 1, value);
    return (io.readPort(base + r.IER, 1) & IER_BITS) === value;
  };
  if (!keeps(0) || !keeps(IER_BITS) || !keeps(0)) return undefined;
  io.writePort(base + r.MCR, 1, r.MCR_LOOP | r.MCR_OUT2 | r.MCR_RTS);
  const inputs = io.readPort(base + r.MSR, 1) & INPUTS;
  io.writePort(base + r.MCR, 1, 0);
  if (inputs !== LOOPED_INPUTS) return undefined;
  io.writePort(base + r.FCR, 1, r.FCR_ENABLE);
  const hasFifos = (io.readPort(base + r.IIR, 1) & r.IIR_FIFOS) === r.IIR_FIFOS;
  return {base, irq, fifoSize: hasFifos ? 16 : 1};
};
