import type {BenchDriver} from '../driver.ts';
import type {BenchPoint} from '../point.ts';
import {ideDrivers} from './block-ide.ts';
import {blockDrivers} from './block-pv.ts';
import {uartDrivers} from './console-16550.ts';
import {consoleDrivers} from './console-pv.ts';
import {nicDrivers} from './net-emulated.ts';
import {netDrivers} from './net-pv.ts';
import {lsiDrivers} from './scsi-lsi.ts';
import {scsiDrivers} from './scsi-pv.ts';

/** Every driver, by device; names are unique in a device, "pv" is in each. */
export const drivers: readonly BenchDriver[] = [
  ...blockDrivers,
  ...ideDrivers,
  ...netDrivers,
  ...nicDrivers,
  ...consoleDrivers,
  ...uartDrivers,
  ...scsiDrivers,
  ...lsiDrivers,
];

/** The driver of a point; throws when there is none. */
export const findDriver = ({device, driver: name}: BenchPoint): BenchDriver => {
  const found = drivers.find((driver) => driver.device === device && driver.name === name);
  if (found === undefined) throw new Error(`no driver ${name} of ${device}`);
  return found;
};
