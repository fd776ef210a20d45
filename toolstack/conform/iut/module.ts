import {pathToFileURL} from 'node:url';
import type {XenbusDriver, XenbusRole} from '../../../hypervisor/xenbus/index.ts';
import {importTypescript} from '../../builder/typescript.ts';
import {ToolstackError} from '../../errors.ts';
import {type DriverHost, type DriverSubject, driverSubjects, type Iut} from './iut.ts';

/** What a module of a driver author exports. */
export interface DriverModule {
  /** Which end of the device it is. */
  readonly role: XenbusRole;
  /** Device type, as in xenstore: "vbd". */
  readonly type: string;
  /** Makes the driver; called for each run. */
  readonly default: (host: DriverHost) => XenbusDriver;
}

const EXIT_USAGE = 2;

/** A driver in a TypeScript or JavaScript file. Throws ToolstackError when the file is none. */
export const loadModule = async (path: string): Promise<Iut> => {
  const module = await importFile(path);
  const subject = `${module.role}/${module.type}` as DriverSubject;
  if (typeof module.default !== 'function')
    throw refuse(path, 'its default export is not a function that makes a driver');
  if (!driverSubjects.includes(subject))
    throw refuse(path, `"role" and "type" name ${subject}; there are checks for ${driverSubjects.join(', ')}`);
  return {name: path, subjects: [subject], driver: (_subject, host) => module.default(host)};
};

const importFile = async (path: string): Promise<DriverModule> => {
  const {href} = pathToFileURL(path);
  try {
    return (await (path.endsWith('.ts') ? importTypescript(href) : import(href))) as DriverModule;
  } catch (error) {
    throw refuse(path, error instanceof Error ? error.message : String(error));
  }
};

const refuse = (path: string, reason: string): ToolstackError =>
  new ToolstackError('EINVAL', `pvsim: ${path}: ${reason}`, EXIT_USAGE);
