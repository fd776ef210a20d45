import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';

interface UnitSystem {
  base: number;
  /** Behind one unit, two, three, ... */
  suffixes: readonly string[];
}

const si: UnitSystem = {base: 1000, suffixes: ['kB', 'MB', 'GB', 'TB', 'PB', 'EB']};
const iec: UnitSystem = {base: 1024, suffixes: ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']};

/** Two digits' worth: "1.5 MB", "67 MB"; undefined below one unit. */
const scaled = (amount: number, {base, suffixes}: UnitSystem): string | undefined => {
  let value = amount;
  let power = -1;
  while (value >= base && power < suffixes.length - 1) {
    value /= base;
    power++;
  }
  if (power < 0) return undefined;
  const tenths = value.toFixed(1);
  return `${tenths.length <= 3 ? tenths : value.toFixed(0)} ${suffixes[power]}`;
};

/** C's %g: six significant digits, no trailing zeros. */
const formatSeconds = (seconds: number): string => String(Number(seconds.toPrecision(6)));

/** The last line of dd: bytes, time, and how fast that was. @see dd(1) of coreutils */
export const transferSummary = (bytes: number, elapsedNs: number): string => {
  const inSi = scaled(bytes, si);
  const inIec = scaled(bytes, iec);
  const aside = inSi === undefined ? '' : ` (${inIec === undefined ? inSi : `${inSi}, ${inIec}`})`;
  const seconds = elapsedNs / NS_PER_S;
  const perSecond = bytes / seconds;
  // A virtual clock may not have moved.
  const rate = seconds > 0 ? (scaled(perSecond, si) ?? `${perSecond.toFixed(1)} B`) : 'Infinity B';
  return `${bytes} byte${bytes === 1 ? '' : 's'}${aside} copied, ${formatSeconds(seconds)} s, ${rate}/s`;
};
