import {EINVAL} from '../errno.ts';
import type {XenbusDevice} from './device.ts';
import {DeviceError} from './device-error.ts';

/** Reads one value; undefined when the text is not one. */
type TuningReader<T> = (text: string) => T | undefined;

export const flag: TuningReader<boolean> = (text) => ({'0': false, '1': true})[text];

/** A decimal number in min..max. */
export const between =
  (min: number, max: number): TuningReader<number> =>
  (text) =>
    /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined;

export const oneOf =
  <T extends string | number>(...values: readonly T[]): TuningReader<T> =>
  (text) =>
    values.find((value) => String(value) === text);

export type TuningReaders<T> = {readonly [K in keyof T]-?: TuningReader<T[K]>};

/** Reads "queues=4,persistent=0". DeviceError when a name or a value is not one of the readers'. */
const parseTuning = <T extends object>(text: string, readers: TuningReaders<T>): Partial<T> => {
  const tuning: Partial<T> = {};
  for (const setting of text.split(',')) {
    if (setting.trim() === '') continue;
    const [, name = '', value = ''] = /^\s*(\w+)\s*=\s*(\w+)\s*$/.exec(setting) ?? [];
    const read = Object.hasOwn(readers, name) ? readers[name as keyof T](value) : undefined;
    if (read === undefined) throw new DeviceError(EINVAL, `tuning "${setting.trim()}"`);
    tuning[name as keyof T] = read;
  }
  return tuning;
};

/**
 * What differs for one device from its driver's defaults: the `tuning` node of the driver's own directory, which the
 * toolstack writes. It stands for the module parameters of a kernel, and is nothing that the peer looks at.
 */
export const readTuning = async <T extends object>(
  device: XenbusDevice,
  defaults: T,
  readers: TuningReaders<T>,
): Promise<T> => ({...defaults, ...parseTuning((await device.read('tuning')) ?? '', readers)});
