import type {Check} from '../../check.ts';
import {grantCopyChecks} from './copy.ts';
import {grantFrontendChecks} from './frontend.ts';
import {grantMapChecks} from './map.ts';
import {grantTableChecks} from './table.ts';
import {setVersionChecks} from './set-version.ts';
import {grantUnmapChecks} from './unmap.ts';
import {grantVifChecks} from './vif-frontend.ts';
import {grantVersionChecks} from './version.ts';
import {grantVersion2Checks} from './version2.ts';

export const grantChecks: readonly Check[] = [
  ...grantTableChecks,
  ...grantFrontendChecks,
  ...grantVifChecks,
  ...grantMapChecks,
  ...grantUnmapChecks,
  ...grantCopyChecks,
  ...grantVersionChecks,
  ...setVersionChecks,
  ...grantVersion2Checks,
];
