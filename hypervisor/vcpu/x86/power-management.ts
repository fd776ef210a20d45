import {NS_PER_S} from '../../schedule/index.ts';
import {
  PM1A_CONTROL_PORT,
  PM1A_EVENT_PORT,
  PM_TIMER_PORT,
  RESET_CONTROL_PORT,
  RESET_CPU,
  S5_TYPE,
} from './acpi/index.ts';
import type {PortMap} from './ports.ts';

const PM_TIMER_HZ = 3_579_545;
const ENABLE_PORT = PM1A_EVENT_PORT + 2;
/** Bits of PM1_CNT. @see ACPI 6.0, table 4-20 */
const SCI_ENABLED = 1;
const SLEEP_TYPE_SHIFT = 10;
const SLEEP_TYPE_MASK = 7;
const SLEEP_ENABLE = 1 << 13;

export interface PowerSwitch {
  /** Xen's time, in nanoseconds. */
  now(): number;
  powerOff(): void;
  reset(): void;
}

/** The fixed hardware of ACPI as Xen has it for HVM guests, in which nothing ever happens, and the PIIX's reset register. */
export const claimPowerManagement = (ports: PortMap, power: PowerSwitch): void => {
  let enabled = 0;
  let control = SCI_ENABLED;
  ports.claim(PM1A_EVENT_PORT, {
    read: (bytes) => (bytes === 4 ? enabled << 16 : 0),
    write: (value, bytes) => {
      if (bytes === 4) enabled = value >>> 16;
    },
  });
  ports.claim(ENABLE_PORT, {read: () => enabled, write: (value) => (enabled = value & 0xffff)});
  ports.claim(PM1A_CONTROL_PORT, {
    read: () => control,
    write: (value) => {
      control = (value & ~SLEEP_ENABLE) | SCI_ENABLED;
      const sleepType = (value >>> SLEEP_TYPE_SHIFT) & SLEEP_TYPE_MASK;
      if ((value & SLEEP_ENABLE) !== 0 && sleepType === S5_TYPE) power.powerOff();
    },
  });
  ports.claim(PM_TIMER_PORT, {read: () => Math.floor((power.now() / NS_PER_S) * PM_TIMER_HZ) >>> 0});
  ports.claim(RESET_CONTROL_PORT, {
    read: () => 0,
    write: (value) => {
      if ((value & RESET_CPU) === RESET_CPU) power.reset();
    },
  });
};
