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
  // What would round to a whole next unit is one.
  while (Math.round(value) >= base && power < suffixes.length - 1) {
    value /= base;
    power++;
  }
  if (power < 0) return undefined;
  const tenths = value.toFixed(1);
  return `${tenths.length <= 3 ? tenths : value.toFixed(0)} ${suffixes[power]}`;
};

/** Three digits' worth, in kilobytes at least: "16.1 kB/s", "194 MB/s". A virtual clock may not have moved. */
const formatRate = (bytes: number, seconds: number): string => {
  if (seconds === 0) return 'Infinity B/s';
  let value = bytes / seconds / si.base;
  let power = 0;
  while (value >= si.base && power < si.suffixes.length - 1) {
    value /= si.base;
    power++;
  }
  const tenths = value.toFixed(1);
  return `${tenths.length <= 4 ? tenths : value.toFixed(0)} ${si.suffixes[power]}/s`;
};

/** C's %g: six significant digits, no trailing zeros, small numbers with an exponent. */
const formatSeconds = (seconds: number): string => {
  const digits = Number(seconds.toPrecision(6));
  if (digits === 0 || digits >= 1e-4) return String(digits);
  const [mantissa, exponent] = digits.toExponential().split('e-');
  return `${mantissa}e-${exponent.padStart(2, '0')}`;
};

/** The last line of dd: bytes, time, and how fast that was. @see dd(1) of coreutils */
export const transferSummary = (bytes: number, elapsedNs: number): string => {
  const inSi = scaled(bytes, si);
  const inIec = scaled(bytes, iec);
  const aside = inSi === undefined ? '' : ` (${inIec === undefined ? inSi : `${inSi}, ${inIec}`})`;
  const seconds = elapsedNs / NS_PER_S;
  return `${bytes} byte${bytes === 1 ? '' : 's'}${aside} copied, ${formatSeconds(seconds)} s, ${formatRate(bytes, seconds)}`;
};
