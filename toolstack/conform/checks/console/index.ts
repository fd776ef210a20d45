import type {Check} from '../../check.ts';
import {consoleBackendChecks} from './backend.ts';
import {consoleFrontendChecks} from './frontend.ts';

/** The PV console: its page, and the nodes that announce it. */
export const consoleChecks: readonly Check[] = [...consoleFrontendChecks, ...consoleBackendChecks];
