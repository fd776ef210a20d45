import type {Check} from '../../check.ts';
import {consoleBackendChecks} from './backend.ts';
import {consoleDaemonChecks} from './daemon.ts';
import {consoleFrontendChecks} from './frontend.ts';
import {consoleToolstackChecks} from './toolstack.ts';

/** The PV console: its page, and the nodes that announce it. */
export const consoleChecks: readonly Check[] = [
  ...consoleFrontendChecks,
  ...consoleBackendChecks,
  ...consoleDaemonChecks,
  ...consoleToolstackChecks,
];
