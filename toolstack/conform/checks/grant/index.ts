import type {Check} from '../../check.ts';
import {grantCopyChecks} from './copy.ts';
import {grantFrontendChecks} from './frontend.ts';
import {grantMapChecks} from './map.ts';
import {grantTableChecks} from './table.ts';
import {grantUnmapChecks} from './unmap.ts';
import {grantVifChecks} from './vif-frontend.ts';
import {grantVersionChecks} from './version.ts';

export const grantChecks: readonly Check[] = [
  ...grantTableChecks,
  ...grantFrontendChecks,
  ...grantVifChecks,
  ...grantMapChecks,
  ...grantUnmapChecks,
  ...grantCopyChecks,
  ...grantVersionChecks,
];
