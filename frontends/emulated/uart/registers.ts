/** Ports from the base on. @see PC16550D datasheet */
export const RBR = 0;
export const THR = 0;
export const DLL = 0;
export const DLM = 1;
export const IER = 1;
export const IIR = 2;
export const FCR = 2;
export const LCR = 3;
export const MCR = 4;
export const LSR = 5;
export const MSR = 6;

export const IER_RDI = 0x01;
export const IER_THRI = 0x02;
export const IER_RLSI = 0x04;

export const IIR_ID = 0x0f;
export const IIR_NONE = 0x01;
export const IIR_THR_EMPTY = 0x02;
export const IIR_DATA_AVAILABLE = 0x04;
export const IIR_LINE_STATUS = 0x06;
export const IIR_CHARACTER_TIMEOUT = 0x0c;
export const IIR_FIFOS = 0xc0;

export const FCR_ENABLE = 0x01;
export const FCR_CLEAR = 0x06;
/** An interrupt from 8 characters on. */
export const FCR_TRIGGER_8 = 0x80;

export const LCR_DLAB = 0x80;
export const LCR_8N1 = 0x03;

export const MCR_DTR = 0x01;
export const MCR_RTS = 0x02;
export const MCR_OUT2 = 0x08;
export const MCR_LOOP = 0x10;

export const LSR_DATA_READY = 0x01;
export const LSR_OVERRUN = 0x02;
export const LSR_THR_EMPTY = 0x20;
