/** How a command's data move, and who tells that. */
export type Protocol = 'no-data' | 'pio-in' | 'pio-out' | 'dma-in' | 'dma-out' | 'packet-pio-in' | 'packet-dma-in';

/** A command for one drive of a channel. */
export interface AtaRequest {
  readonly device: 0 | 1;
  readonly opcode: number;
  readonly protocol: Protocol;
  readonly features?: number;
  readonly count?: number;
  readonly lba?: number;
  /** It has a 48-bit address. */
  readonly ext?: boolean;
  /** What is written, or room for what is read: as long as the transfer at most. */
  readonly data?: Uint8Array;
  /** Of PIO: bytes for each interrupt. */
  readonly blockBytes?: number;
  /** Of the PACKET command: 12 bytes. */
  readonly packet?: Uint8Array;
}

/** How a command ended. */
export interface AtaResult {
  readonly status: 'done' | 'failed' | 'timeout';
  /** The Error register of one that failed; 0 otherwise. */
  readonly error: number;
  /** Bytes that moved. */
  readonly bytes: number;
}
