import type {Check} from '../../check.ts';
import {frontendLayoutChecks} from './frontend-layout.ts';
import {frontendUnitChecks} from './frontend-units.ts';
import {frontendChecks} from './frontend.ts';
import {hotplugChecks} from './hotplug.ts';
import {layoutChecks} from './layout.ts';
import {managementChecks} from './management.ts';
import {requestChecks} from './requests.ts';
import {segmentChecks} from './segments.ts';
import {toolstackChecks} from './toolstack.ts';

/** io/vscsiif.h */
export const vscsiChecks: readonly Check[] = [
  ...layoutChecks,
  ...requestChecks,
  ...segmentChecks,
  ...managementChecks,
  ...hotplugChecks,
  ...frontendLayoutChecks,
  ...frontendChecks,
  ...frontendUnitChecks,
  ...toolstackChecks,
];
