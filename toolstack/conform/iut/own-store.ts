import type {HypervisorOps} from '../../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import {type RingAccess, Xenstored} from '../../../hypervisor/xenstore/index.ts';
import type {Seam} from '../seam/seam.ts';
import type {StoreOpener, StorePage} from './store.ts';

/** Under which words of a store page come to the layers. */
const STORE_RING = 'store';

const DOM0 = 0;

/** A fresh store of ours. Its pages lie in memory behind the seam, so that mutants can change words and lose events. */
export const openOwnStore: StoreOpener = async (rig, seam, profile) => {
  const pages = new Map<number, OwnPage>();
  const domains = new Set([DOM0]);
  const store = new Xenstored({
    profile,
    domainExists: (domid) => domains.has(domid),
    introduceHook: (domid) => pages.get(domid)?.access ?? 'ENOENT',
    defer: (task) => rig.schedule.post(task),
  });
  return {
    connect: async (domid) => store.connectInProcess(domid),
    createDomain: (domid) => {
      domains.add(domid);
      if (!pages.has(domid)) pages.set(domid, new OwnPage(seam, rig.dom0.ops, () => store.onEvent(domid)));
    },
    page: (domid) => pages.get(domid),
    close: async () => undefined,
  };
};

class OwnPage implements StorePage {
  events = 0;
  readonly access: RingAccess;
  private readonly view: DataView;
  private readonly ops: HypervisorOps;
  private readonly port: number;

  /** `ops` are the guest's, past the seam. */
  constructor(seam: Seam, ops: HypervisorOps, onKick: () => void) {
    this.ops = ops;
    const gfn = ops.pages.alloc();
    if (gfn === undefined) throw new Error('no page for a ring');
    seam.nameRing(STORE_RING, gfn, ops.memory);
    const {memory} = seam.ops;
    const offset = gfn * PAGE_SIZE;
    this.view = new DataView(memory.u8.buffer, memory.u8.byteOffset + offset, PAGE_SIZE);
    this.port = ops.evtchnAllocUnbound(DOM0);
    const storePort = ops.evtchnBindInterdomain(DOM0, this.port);
    ops.events(storePort).subscribe(onKick);
    ops.events(this.port).subscribe(() => this.events++);
    this.access = {page: {u8: memory.u8, u32: memory.u32, offset}, notify: () => seam.ops.evtchnSend(storePort)};
  }

  get(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  set(offset: number, value: number): void {
    this.view.setUint32(offset, value, true);
  }

  byte(offset: number): number {
    return this.view.getUint8(offset);
  }

  setByte(offset: number, value: number): void {
    this.view.setUint8(offset, value);
  }

  kick(): void {
    this.ops.evtchnSend(this.port);
  }
}
