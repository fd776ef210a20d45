import type {Flow} from './flow.ts';

const UNITS = ['', 'K', 'M', 'G', 'T'];

const scaled = (value: number, base: number): {text: string; unit: string} => {
  let power = 0;
  let rest = value;
  while (rest >= base && power < UNITS.length - 1) {
    rest /= base;
    power++;
  }
  return {text: rest.toFixed(rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0), unit: UNITS[power]};
};

export const REPORT_HEADER = '[ ID] Interval           Transfer     Bitrate';
export const REPORT_LINE = '- - - - - - - - - - - - - - - - - - - - - - - - -';

/** "[  1]   0.00-1.00   sec  1.10 GBytes  9.44 Gbits/sec  sender" */
export const reportLine = (
  id: number | 'SUM',
  [from, to]: readonly [number, number],
  bytes: number,
  tail = '',
): string => {
  const transfer = scaled(bytes, 1024);
  const rate = scaled(to > from ? (bytes * 8) / (to - from) : 0, 1000);
  const interval = `${from.toFixed(2).padStart(6)}-${to.toFixed(2).padEnd(6)}`;
  const amount = `${transfer.text.padStart(5)} ${transfer.unit}Bytes`;
  return `[${String(id).padStart(3)}] ${interval} sec  ${amount}  ${rate.text.padStart(5)} ${rate.unit}bits/sec${tail}`;
};

/** What a receiver of datagrams says in addition. */
export const udpTail = ({jitter, lost, packets}: Pick<Flow, 'jitter' | 'lost' | 'packets'>): string => {
  const percent = packets === 0 ? 0 : (lost * 100) / packets;
  return `  ${(jitter * 1000).toFixed(3)} ms  ${lost}/${packets} (${percent.toPrecision(2)}%)`;
};
