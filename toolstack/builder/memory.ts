import {
  HVM_PARAM_CONSOLE_EVTCHN,
  HVM_PARAM_CONSOLE_PFN,
  HVM_PARAM_STORE_EVTCHN,
  HVM_PARAM_STORE_PFN,
} from '../../hypervisor/abi/hvm/params.ts';
import {
  GNTTAB_RESERVED_CONSOLE,
  GNTTAB_RESERVED_XENSTORE,
  GTF_permit_access,
} from '../../hypervisor/abi/grant-table.ts';
import {DOM0, type Domain, type Gfn, HYPERVISOR_FRAMES, type Hypervisor} from '../../hypervisor/index.ts';
import {DomainMemory, PAGE_SIZE} from '../../hypervisor/memory/index.ts';

/** The frames of the two rings that every domain is born with. */
export interface RingFrames {
  readonly storeGfn: Gfn;
  readonly consoleGfn: Gfn;
}

/** Those of a domain that runs a program; frame 0 stays empty so that 0 is never a valid frame. */
export const PROGRAM_FRAMES: RingFrames = {storeGfn: 1 as Gfn, consoleGfn: 2 as Gfn};
export const FIRST_FREE_GFN = 3;

/**
 * Most memory that is really there behind a program's domain. It never needs more, and offsets below 2^30 stay small
 * integers of the engine; what the config asks beyond is accounted, not backed.
 */
const MAX_BACKED_PAGES = 2 ** 30 / PAGE_SIZE;

/** Memory of a program that begins with `pages` and may grow to `maxPages`. */
export const programMemory = (pages: number, maxPages = pages): DomainMemory => {
  const backed = Math.min(maxPages, MAX_BACKED_PAGES - HYPERVISOR_FRAMES);
  const memory = new DomainMemory(backed + HYPERVISOR_FRAMES);
  memory.reserve(pages, backed);
  return memory;
};

export interface SpecialPages extends RingFrames {
  readonly storePort: number;
  readonly consolePort: number;
}

/**
 * The two rings that every domain is born with: pages, event channels to dom0, the reserved grants by which dom0's
 * daemons map them, and the parameters by which the guest finds them.
 */
export const buildSpecialPages = (
  xen: Hypervisor,
  dom0: Domain,
  domain: Domain,
  {storeGfn, consoleGfn}: RingFrames = PROGRAM_FRAMES,
): SpecialPages => {
  const storePort = xen.eventChannels.allocUnbound(dom0, domain.id, DOM0);
  const consolePort = xen.eventChannels.allocUnbound(dom0, domain.id, DOM0);
  grantToDom0(domain, GNTTAB_RESERVED_XENSTORE, storeGfn);
  grantToDom0(domain, GNTTAB_RESERVED_CONSOLE, consoleGfn);
  domain.hvmParams.set(HVM_PARAM_STORE_PFN, storeGfn);
  domain.hvmParams.set(HVM_PARAM_STORE_EVTCHN, storePort);
  domain.hvmParams.set(HVM_PARAM_CONSOLE_PFN, consoleGfn);
  domain.hvmParams.set(HVM_PARAM_CONSOLE_EVTCHN, consolePort);
  return {storeGfn, storePort, consoleGfn, consolePort};
};

const grantToDom0 = (domain: Domain, ref: number, gfn: Gfn): void => {
  const word = domain.grants.entryWord(ref);
  domain.memory.u32[word + 1] = gfn;
  domain.memory.u32[word] = ((DOM0 << 16) | GTF_permit_access) >>> 0;
};
