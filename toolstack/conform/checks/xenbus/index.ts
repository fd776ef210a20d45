import type {Check} from '../../check.ts';
import {handshakeChecks} from './handshake.ts';

export const xenbusChecks: readonly Check[] = [...handshakeChecks];
