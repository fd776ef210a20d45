import type {PaperTable} from '../paper-table.ts';
import {p01} from './p01-line-rate.ts';
import {p02} from './p02-offload.ts';
import {p03} from './p03-receive-cost.ts';
import {p04} from './p04-grant-reuse.ts';
import {p05} from './p05-xenloop.ts';
import {p06} from './p06-lazy-copy.ts';
import {p07} from './p07-persistent-grants.ts';
import {p08} from './p08-indirect.ts';
import {p09} from './p09-multi-queue-jobs.ts';
import {p10} from './p10-multi-queue-sizes.ts';
import {p11} from './p11-staging-bulk.ts';
import {p12} from './p12-staging-packets.ts';
import {p13} from './p13-stub-domain.ts';
import {p14} from './p14-gplpv.ts';
import {p15} from './p15-rtl8139.ts';
import {p16} from './p16-e1000-rates.ts';
import {p18} from './p18-blkback-2005.ts';
import {p19} from './p19-ioeventfd.ts';

/** Every published table that can be modelled. docs/paper-tables.md says why others are not. */
export const paperTables: readonly PaperTable[] = [
  p01,
  p02,
  p03,
  p04,
  p05,
  p06,
  p07,
  p08,
  p09,
  p10,
  p11,
  p12,
  p13,
  p14,
  p15,
  p16,
  p18,
  p19,
];
