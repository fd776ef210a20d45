import type {Check} from '../../check.ts';
import {closingChecks} from './closing.ts';
import {handshakeChecks} from './handshake.ts';
import {lifeChecks} from './life.ts';
import {nodeChecks} from './nodes.ts';
import {resetWatchesChecks} from './reset-watches.ts';
import {returningChecks} from './returning.ts';
import {toolstackChecks} from './toolstack.ts';
import {vifFrontendChecks} from './vif-frontend.ts';

export const xenbusChecks: readonly Check[] = [
  ...handshakeChecks,
  ...closingChecks,
  ...returningChecks,
  ...nodeChecks,
  ...lifeChecks,
  ...resetWatchesChecks,
  ...toolstackChecks,
  ...vifFrontendChecks,
];
