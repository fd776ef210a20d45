import {pathToFileURL} from 'node:url';
import type {XenbusDriver, XenbusRole} from '../../../hypervisor/xenbus/index.ts';
import {importTypescript} from '../../builder/typescript.ts';
import {ToolstackError} from '../../errors.ts';
import type {
  ConsoleBackendHost,
  ConsoleBackendUnderTest,
  ConsoleFrontendHost,
  ConsoleFrontendUnderTest,
} from './console.ts';
import {type DriverHost, driverSubjects, type Iut, type Subject} from './iut.ts';

/** What a module of a driver author exports: of a device that xenbus announces. */
export interface DriverModule {
  /** Which end of the device it is. */
  readonly role: XenbusRole;
  /** Device type, as in xenstore: "vbd". */
  readonly type: string;
  /** Makes the driver; called for each run. */
  readonly default: (host: DriverHost) => XenbusDriver;
}

/** Of a guest's console. */
export interface ConsoleFrontendModule {
  readonly role: 'frontend';
  readonly type: 'console';
  /** Undefined when the domain has no console. */
  readonly default: (host: ConsoleFrontendHost) => ConsoleFrontendUnderTest | undefined;
}

/** Of a console daemon. */
export interface ConsoleBackendModule {
  readonly role: 'backend';
  readonly type: 'console';
  readonly default: (host: ConsoleBackendHost) => ConsoleBackendUnderTest;
}

type Module = DriverModule | ConsoleFrontendModule | ConsoleBackendModule;

const EXIT_USAGE = 2;

/** What is judged of a module of each subject. */
const driverOf = ({default: make}: DriverModule): Partial<Iut> => ({driver: (_subject, host) => make(host)});
const subjects: Readonly<Partial<Record<Subject, (module: Module) => Partial<Iut>>>> = {
  ...Object.fromEntries(driverSubjects.map((subject) => [subject, driverOf])),
  'frontend/console': ({default: frontend}) => ({consoles: {frontend: frontend as ConsoleFrontendModule['default']}}),
  'backend/console': ({default: backend}) => ({consoles: {backend: backend as ConsoleBackendModule['default']}}),
};

/** A driver in a TypeScript or JavaScript file. Throws ToolstackError when the file is none. */
export const loadModule = async (path: string): Promise<Iut> => {
  const module = await importFile(path);
  const subject = `${module.role}/${module.type}` as Subject;
  if (typeof module.default !== 'function')
    throw refuse(path, 'its default export is not a function that makes a driver');
  const judged = Object.hasOwn(subjects, subject) ? subjects[subject]?.(module) : undefined;
  if (judged === undefined)
    throw refuse(path, `"role" and "type" name ${subject}; there are checks for ${Object.keys(subjects).join(', ')}`);
  return {name: path, subjects: [subject], ...judged};
};

const importFile = async (path: string): Promise<Module> => {
  const {href} = pathToFileURL(path);
  try {
    return (await (path.endsWith('.ts') ? importTypescript(href) : import(href))) as Module;
  } catch (error) {
    throw refuse(path, error instanceof Error ? error.message : String(error));
  }
};

const refuse = (path: string, reason: string): ToolstackError =>
  new ToolstackError('EINVAL', `pvsim: ${path}: ${reason}`, EXIT_USAGE);
