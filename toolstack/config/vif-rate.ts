import {strtoul} from './c-numbers.ts';

/** A transmit limit: so many bytes a replenishment interval. */
export type VifRate = {bytesPerInterval: number; intervalUs: number};

const RATE = /^[0-9]+[GMK]?[Bb]\/s$/;
const INTERVAL = /^[0-9]+[mu]?s?$/;
const U32_MAX = 2n ** 32n - 1n;
const U64_MAX = 2n ** 64n - 1n;
const MICROSECONDS = 1_000_000n;
const DEFAULT_INTERVAL_US = 50_000n;

const RATE_UNITS: Readonly<Record<string, bigint>> = {G: 1_000_000_000n, M: 1_000_000n, K: 1_000n};

/** `<n>[G|M|K](B|b)/s[@<n>[m|u][s]]`; an error is a message and the part of the text it is about. */
export const parseVifRate = (rate: string): VifRate | {error: string; part: string} => {
  const at = rate.indexOf('@');
  const amount = at === -1 ? rate : rate.slice(0, at);
  if (amount === '') return {error: 'no rate specified', part: rate};
  const bytesPerSecond = parseAmount(amount);
  if (bytesPerSecond === 'invalid') return {error: 'invalid rate', part: amount};
  if (bytesPerSecond === 'overflow') return {error: 'rate overflow', part: amount};
  const interval = at === -1 ? undefined : rate.slice(at + 1);
  const intervalUs = interval === undefined ? DEFAULT_INTERVAL_US : parseInterval(interval);
  if (intervalUs === 'invalid') return {error: 'invalid replenishment interval', part: interval ?? ''};
  if (intervalUs === 'overflow') return {error: 'replenishment interval overflow', part: interval ?? ''};
  if (bytesPerSecond > U64_MAX / intervalUs) return {error: 'rate overflow', part: rate};
  const bytesPerInterval = Number((bytesPerSecond * intervalUs) / MICROSECONDS);
  return {bytesPerInterval, intervalUs: Number(intervalUs)};
};

/** The number in front, which must be 1 to 2^32-1 before its unit applies, and the unit. */
const split = (text: string): {value: bigint; unit: string} | 'overflow' => {
  const {value, length} = strtoul(text, 0);
  return value === 0n || value > U32_MAX ? 'overflow' : {value, unit: text.slice(length)};
};

const parseAmount = (text: string): bigint | 'invalid' | 'overflow' => {
  if (!RATE.test(text)) return 'invalid';
  const amount = split(text);
  if (amount === 'overflow') return amount;
  const {unit} = amount;
  const scaled = amount.value * (RATE_UNITS[unit.charAt(0)] ?? 1n);
  const isBits = unit.startsWith('b') || unit.charAt(1) === 'b';
  return isBits ? scaled / 8n : scaled;
};

const parseInterval = (text: string): bigint | 'invalid' | 'overflow' => {
  if (!INTERVAL.test(text)) return 'invalid';
  const interval = split(text);
  if (interval === 'overflow') return interval;
  const scaled = interval.value * intervalUnit(interval.unit);
  return scaled > U32_MAX ? 'overflow' : scaled;
};

/** Seconds unless it says otherwise. */
const intervalUnit = (unit: string): bigint => {
  if (unit === '' || unit.startsWith('s')) return MICROSECONDS;
  return unit.startsWith('m') ? 1_000n : 1n;
};
