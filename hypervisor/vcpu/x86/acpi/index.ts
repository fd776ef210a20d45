export {
  type HvmHardware,
  hvmTables,
  PM1A_CONTROL_PORT,
  PM1A_EVENT_PORT,
  PM_TIMER_PORT,
  RESET_CONTROL_PORT,
  RESET_CPU,
  S5_TYPE,
} from './hvm.ts';
export {pvhTables, RESET_PORT, SLEEP_CONTROL_PORT, SLEEP_ENABLE} from './pvh.ts';
export type {AcpiTable} from './tables.ts';
