import type {Host} from '../host/api.ts';

/** What the daemon needs of a host. */
export type ServedHost = Pick<
  Host,
  | 'create'
  | 'domains'
  | 'resolve'
  | 'config'
  | 'nameOf'
  | 'pause'
  | 'unpause'
  | 'shutdown'
  | 'waitShutdown'
  | 'destroy'
  | 'rename'
  | 'setMemoryTarget'
  | 'setMaxMemory'
  | 'sendSysrq'
  | 'cpus'
  | 'attachDisk'
  | 'detachDisk'
  | 'listDisks'
  | 'attachVif'
  | 'detachVif'
  | 'listVifs'
  | 'consoleOutput'
  | 'consoleInput'
  | 'info'
  | 'dmesg'
  | 'domainEvents'
  | 'log'
  | 'close'
>;
