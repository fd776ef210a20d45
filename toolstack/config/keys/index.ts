import {ARCHITECTURE_STEPS} from './architecture.ts';
import {BOOT_STEPS} from './boot.ts';
import {CPUID_STEPS} from './cpuid.ts';
import {DEVICE_MODEL_STEPS} from './device-model.ts';
import {DEVICE_STEPS} from './devices.ts';
import {DISPLAY_STEPS} from './display.ts';
import {HARDWARE_STEPS} from './hardware.ts';
import {IDENTITY_STEPS} from './identity.ts';
import {LIFECYCLE_STEPS} from './lifecycle.ts';
import {PLATFORM_STEPS} from './platform.ts';
import {RESOURCE_STEPS} from './resources.ts';
import type {Step} from './step.ts';

/** All keys in xl's order. */
export const STEPS: readonly Step[] = [
  ...IDENTITY_STEPS,
  ...RESOURCE_STEPS,
  ...LIFECYCLE_STEPS,
  ...PLATFORM_STEPS,
  ...BOOT_STEPS,
  ...HARDWARE_STEPS,
  ...DEVICE_STEPS,
  ...CPUID_STEPS,
  ...DEVICE_MODEL_STEPS,
  ...DISPLAY_STEPS,
  ...ARCHITECTURE_STEPS,
];

export type {Context, Draft} from './step.ts';
