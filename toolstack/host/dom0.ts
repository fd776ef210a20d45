import {DOM0, type Domain, type Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {programMemory} from '../builder/index.ts';

/** Accounted to dom0. Its backends use a few pages of it. */
const DOM0_MEMORY_MIB = 1024;
const DOM0_PAGES = (DOM0_MEMORY_MIB * 1024 * 1024) / PAGE_SIZE;

export interface Dom0 {
  domain: Domain;
  ops: ProgramOps;
}

/** The control domain: the only one that exists before any toolstack does. */
export const createDom0 = (xen: Hypervisor): Dom0 => {
  const domain = xen.createDomain({
    domid: DOM0,
    pages: DOM0_PAGES,
    memory: programMemory(DOM0_PAGES),
    privileged: true,
    vcpu: (owner, index) => new ProgramVcpu(owner, index, xen.schedule, xen.trace),
  });
  if (typeof domain === 'number') throw new Error(`dom0 does not fit into the host's memory: ${domain}`);
  xen.unpause(domain);
  const ops = new ProgramOps(xen, domain, 1);
  // Five ports a guest: 4096 would do for some 800 guests.
  const result = ops.evtchnUseFifo();
  if (result < 0) throw new Error(`dom0: FIFO events: ${result}`);
  return {domain, ops};
};

/** What xen-init-dom0 and the toolstack write before the first guest. */
export const writeDom0Nodes = async (xs: XsClient): Promise<void> => {
  const nodes: readonly (readonly [string, string])[] = [
    ['/local/domain/0/control/feature-poweroff', '1'],
    ['/local/domain/0/control/feature-reboot', '1'],
    ['/local/domain/0/control/feature-suspend', '1'],
    ['/local/domain/0/domid', '0'],
    ['/local/domain/0/name', 'Domain-0'],
    ['/local/pool/0/name', 'Pool-0'],
  ];
  for (const [path, value] of nodes) await xs.write(path, value);
};
