import type {Check} from '../../check.ts';
import {closingChecks} from './closing.ts';
import {lifeChecks} from './life.ts';
import {nodeChecks} from './nodes.ts';
import {handshakeChecks} from './handshake.ts';
import {toolstackChecks} from './toolstack.ts';

export const xenbusChecks: readonly Check[] = [
  ...handshakeChecks,
  ...closingChecks,
  ...nodeChecks,
  ...lifeChecks,
  ...toolstackChecks,
];
