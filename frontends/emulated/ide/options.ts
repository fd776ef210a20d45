/** How the driver moves data. */
export interface IdeOptions {
  /** By the bus master, which is the default, or word by word. */
  readonly transfer?: 'dma' | 'pio';
  /** Of PIO: REP INS and OUTS, which is the default, or an instruction for each word. */
  readonly words?: 'rep' | 'single';
  /** Of PIO: blocks of several sectors, which is the default, or an interrupt for each sector. */
  readonly blocks?: 'multiple' | 'single';
  /** Of one command: a multiple of 2048, 1 MiB at most; 512 KiB by default, as Linux has it. */
  readonly maxTransferBytes?: number;
}

export const defaultIdeOptions: Required<IdeOptions> = {
  transfer: 'dma',
  words: 'rep',
  blocks: 'multiple',
  maxTransferBytes: 512 * 1024,
};
