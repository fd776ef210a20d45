import type {Gfn} from '../../hypervisor/ids.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {FrameArea, FrameFinisher} from '../network/index.ts';
import {PagePool} from './page-pool.ts';

/** Frames of one drain: 256 KiB stay within a core's cache. */
const AREA_PAGES = 64;
/** Frames that wait for guests: 64 MiB. */
const POOL_PAGES = 16384;

/** What all vifs of one backend domain share. */
export interface NetbackShare {
  /** Where a transmit queue puts frames together: its alone from a drain's begin to its end. */
  readonly area: FrameArea;
  readonly pool: PagePool;
  readonly finisher: FrameFinisher;
  /** A page that holds something during one control request. */
  readonly scratch: Gfn;
}

/** Throws when the domain has no pages for it. */
export const createShare = (ops: HypervisorOps): NetbackShare => {
  const scratch = ops.pages.alloc();
  if (scratch === undefined) throw new Error('no page for control requests');
  return {
    area: new FrameArea(ops, AREA_PAGES),
    pool: new PagePool(ops, POOL_PAGES),
    finisher: new FrameFinisher(ops),
    scratch,
  };
};
