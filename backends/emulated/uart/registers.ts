import type {Register} from '../registers/index.ts';

/** Two names where reads and writes reach different registers. @see PC16550D datasheet, "Registers" */
export type UartRegister = 'RBR_THR' | 'IER' | 'IIR_FCR' | 'LCR' | 'MCR' | 'LSR' | 'MSR' | 'SCR';

export const uartRegisters: readonly Register<UartRegister>[] = [
  {name: 'RBR_THR', offset: 0, size: 1, access: 'rw'},
  {name: 'IER', offset: 1, size: 1, access: 'rw', mask: 0x0f},
  {name: 'IIR_FCR', offset: 2, size: 1, reset: 0x01, access: 'rw'},
  {name: 'LCR', offset: 3, size: 1, access: 'rw'},
  {name: 'MCR', offset: 4, size: 1, access: 'rw', mask: 0x1f},
  {name: 'LSR', offset: 5, size: 1, reset: 0x60, access: 'ro'},
  {name: 'MSR', offset: 6, size: 1, access: 'ro'},
  {name: 'SCR', offset: 7, size: 1, access: 'rw'},
];

export type DivisorRegister = 'DLL' | 'DLM';

/** They take the place of the first two while LCR_DLAB is set. 12 is 9600 bit/s, what a PC's firmware leaves there. */
export const divisorRegisters: readonly Register<DivisorRegister>[] = [
  {name: 'DLL', offset: 0, size: 1, reset: 12, access: 'rw'},
  {name: 'DLM', offset: 1, size: 1, access: 'rw'},
];

export const IER_RDI = 1 << 0;
export const IER_THRI = 1 << 1;
export const IER_RLSI = 1 << 2;
export const IER_MSI = 1 << 3;

/** Interrupt identities, the most urgent first. */
export const IIR_LINE_STATUS = 0x06;
export const IIR_DATA_AVAILABLE = 0x04;
export const IIR_CHARACTER_TIMEOUT = 0x0c;
export const IIR_THR_EMPTY = 0x02;
export const IIR_MODEM_STATUS = 0x00;
export const IIR_NONE = 0x01;
export const IIR_FIFOS = 0xc0;

export const FCR_ENABLE = 1 << 0;
export const FCR_CLEAR_RECEIVER = 1 << 1;
export const FCR_CLEAR_TRANSMITTER = 1 << 2;
export const FCR_TRIGGER_SHIFT = 6;

export const LCR_DLAB = 1 << 7;

export const MCR_DTR = 1 << 0;
export const MCR_RTS = 1 << 1;
export const MCR_OUT1 = 1 << 2;
export const MCR_OUT2 = 1 << 3;
export const MCR_LOOP = 1 << 4;

export const LSR_DATA_READY = 1 << 0;
export const LSR_OVERRUN = 1 << 1;
export const LSR_FRAMING_ERROR = 1 << 3;
export const LSR_BREAK = 1 << 4;
export const LSR_THR_EMPTY = 1 << 5;
export const LSR_TRANSMITTER_EMPTY = 1 << 6;
export const LSR_ERROR_IN_FIFO = 1 << 7;

export const MSR_CTS = 1 << 4;
export const MSR_DSR = 1 << 5;
export const MSR_RI = 1 << 6;
export const MSR_DCD = 1 << 7;
