import {NS_PER_MS, NS_PER_S} from '../../../hypervisor/schedule/index.ts';

/** What goes wrong with frames at a port, in each direction by itself. Probabilities are 0..1 a frame. */
export interface NetFaults {
  /** It is lost. */
  readonly loss?: number;
  /** It comes twice. */
  readonly duplicate?: number;
  /** It is held back so long that later ones overtake it. */
  readonly reorder?: number;
  /** Each is late by so much. */
  readonly delayNs?: number;
  /** Each is late by up to so much more, or less: as its chance has it. */
  readonly jitterNs?: number;
  /** The line carries so much; what comes faster waits. */
  readonly bitsPerSecond?: number;
  /** Of the chance; the host's own by default. */
  readonly seed?: number;
}

interface Unit {
  readonly units: Readonly<Record<string, number>>;
  readonly max: number;
}

const RATIO: Unit = {units: {'%': 0.01, '': 1}, max: 1};
const TIME: Unit = {units: {ns: 1, us: 1e3, ms: NS_PER_MS, s: NS_PER_S}, max: 3600 * NS_PER_S};
const BANDWIDTH: Unit = {units: {bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9}, max: 1e12};
const SEED: Unit = {units: {'': 1}, max: 2 ** 32 - 1};

/** In the order in which they are shown. */
const FIELDS: Readonly<Record<string, {field: keyof NetFaults; unit: Unit}>> = {
  loss: {field: 'loss', unit: RATIO},
  duplicate: {field: 'duplicate', unit: RATIO},
  reorder: {field: 'reorder', unit: RATIO},
  delay: {field: 'delayNs', unit: TIME},
  jitter: {field: 'jitterNs', unit: TIME},
  bandwidth: {field: 'bitsPerSecond', unit: BANDWIDTH},
  seed: {field: 'seed', unit: SEED},
};

/** Reads "loss=1% delay=5ms jitter=1ms bandwidth=10Mbit"; "none" and no words are no faults. Throws RangeError. */
export const parseNetFaults = (text: string): NetFaults => {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 1 && words[0] === 'none') return {};
  return Object.fromEntries(words.map(parseWord));
};

const parseWord = (word: string): [keyof NetFaults, number] => {
  const [, name = '', digits, suffix = ''] = /^([a-z]+)=(\d+(?:\.\d+)?)([a-zA-Z%]*)$/.exec(word) ?? [];
  const known = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (known === undefined) throw new RangeError(`"${word}" is none of ${Object.keys(FIELDS).join('=, ')}=`);
  const {units, max} = known.unit;
  const value = Object.hasOwn(units, suffix) ? Number(digits) * units[suffix] : NaN;
  if (!(value <= max)) {
    const allowed = Object.keys(units).map((each) => each || 'a number');
    throw new RangeError(`"${word}": ${name} is in ${allowed.join(', ')}, and not so much`);
  }
  return [known.field, value];
};

/** The same text, in the largest units that fit; "none". */
export const formatNetFaults = (faults: NetFaults): string => {
  const words = Object.entries(FIELDS).flatMap(([name, {field, unit}]) => {
    const value = faults[field];
    return value === undefined ? [] : [`${name}=${withUnit(value, unit)}`];
  });
  return words.join(' ') || 'none';
};

const withUnit = (value: number, {units}: Unit): string => {
  const fitting = Object.entries(units).filter(([, factor]) => value >= factor);
  const [suffix, factor] = fitting.toSorted(([, a], [, b]) => b - a)[0] ?? Object.entries(units)[0];
  // Ratios read better as percents even when they are 1.
  const [unit, by] = '%' in units ? ['%', units['%']] : [suffix, factor];
  return `${Number((value / by).toPrecision(12))}${unit}`;
};
