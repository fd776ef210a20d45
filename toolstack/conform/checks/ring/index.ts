import type {Check} from '../../check.ts';
import {ringIndexChecks} from './indexes.ts';
import {ringLayoutChecks} from './layout.ts';
import {netRingChecks} from './net.ts';
import {netFrontendRingChecks} from './net-frontend.ts';
import {ringNotifyChecks} from './notify.ts';
import {ringOrderChecks} from './order.ts';
import {ringTrustChecks} from './trust.ts';

export const ringChecks: readonly Check[] = [
  ...ringLayoutChecks,
  ...ringIndexChecks,
  ...ringOrderChecks,
  ...ringNotifyChecks,
  ...ringTrustChecks,
  ...netRingChecks,
  ...netFrontendRingChecks,
];
